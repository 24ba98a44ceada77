/** What a damaged batch does to clients: those that check CRCs must notice. */

import { createRequire } from 'node:module';
import type * as Rdkafka from '@confluentinc/kafka-javascript';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Broker } from '../../../../src/broker/index.ts';
import { Produce } from '../../../../src/protocol/index.ts';
import { batchOf, WireClient } from '../wire-client.ts';

const rdkafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as typeof Rdkafka;

let broker: Broker;

beforeEach(async () => {
  broker = await Broker.start({ logLevel: 'error', topics: [{ name: 't', partitions: 1 }] });
  const client = await WireClient.connect(broker.port);
  for (const value of ['a', 'b']) {
    const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf([value]) }] }];
    await client.send(Produce, 9, { acks: -1, timeoutMs: 1, topicData });
  }
  await client.close();
});

afterEach(() => broker.close());

/** What librdkafka makes of the partition, until it has seen so much. */
async function readAll(
  until: (values: readonly string[], errors: readonly string[]) => boolean,
): Promise<{ values: string[]; errors: string[] }> {
  const consumer = new rdkafka.KafkaConsumer(
    { 'bootstrap.servers': broker.bootstrapServers, 'group.id': 'g', 'check.crcs': true, 'enable.auto.commit': false },
    { 'auto.offset.reset': 'earliest' },
  );
  const values: string[] = [];
  const errors: string[] = [];
  await new Promise<void>((resolve, reject) => consumer.connect({}, (error) => (error ? reject(new Error(error.message)) : resolve())));
  consumer.assign([{ topic: 't', partition: 0, offset: 0 }]);
  consumer.setDefaultConsumeTimeout(100);
  const poll = (): Promise<void> =>
    new Promise((resolve) =>
      consumer.consume(1, (error, messages) => {
        if (error) errors.push(error.message);
        else values.push(...messages.map(({ value }) => String(value)));
        resolve();
      }),
    );
  for (let attempt = 0; attempt < 300 && !until(values, errors); attempt++) await poll();
  await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  return { values, errors };
}

describe('librdkafka with check.crcs', () => {
  it('reads what is whole', async () => {
    expect(await readAll((values) => values.length === 2)).toEqual({ values: ['a', 'b'], errors: [] });
  });

  it('notices a damaged batch', async () => {
    await broker.corruptBatch('t', 0, 1);
    const { values, errors } = await readAll((_values, seen) => seen.length > 0);
    expect(values).toEqual(['a']);
    expect(errors[0]).toMatch(/bad message|CRC/i);
  });
});
