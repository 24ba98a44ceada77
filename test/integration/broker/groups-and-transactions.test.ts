/** What kafkajs sees of the coordinators: shared work, every record once, and nothing of it lost with the broker. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';

const RECORDS = 400;
const WAIT_MS = 30_000;

let dataDir: string;
let broker: Broker;
let kafka: Kafka;

async function start(): Promise<void> {
  broker = await Broker.start({ dataDir, thread: false });
  kafka = new Kafka({ clientId: 'test', brokers: broker.bootstrapServers.split(','), logLevel: logLevel.NOTHING });
}

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'millrace-groups-'));
  await start();
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [
      { topic: 'in', numPartitions: 4 },
      { topic: 'out', numPartitions: 2 },
    ],
  });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({
    topic: 'in',
    messages: Array.from({ length: RECORDS }, (_, index) => ({ key: String(index), value: String(index) })),
  });
  await producer.disconnect();
});

afterEach(async () => {
  await broker.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpMs = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > giveUpMs) throw new Error('what was waited for did not happen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function committed(groupId: string): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  const topics = await admin.fetchOffsets({ groupId, topics: ['in'] });
  await admin.disconnect();
  return topics.flatMap(({ partitions }) => partitions).reduce((sum, { offset }) => sum + Math.max(Number(offset), 0), 0);
}

async function member(groupId: string, seen: string[]): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId, heartbeatInterval: 200, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: 'in', fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message }) => {
      seen.push(String(message.value));
      return Promise.resolve();
    },
  });
  return consumer;
}

/** Values of `out` that read_committed shows. */
async function readOut(expected: number): Promise<string[]> {
  const values: string[] = [];
  const consumer = kafka.consumer({ groupId: 'reader', readUncommitted: false, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: 'out', fromBeginning: true });
  await consumer.run({
    eachMessage: ({ message }) => {
      values.push(String(message.value));
      return Promise.resolve();
    },
  });
  await until(() => values.length >= expected);
  await consumer.disconnect();
  return values;
}

describe('a group', () => {
  it('shares the partitions, hands them over, and has its offsets after a restart', async () => {
    const seen: string[] = [];
    const members = await Promise.all([member('g', seen), member('g', seen)]);
    await until(() => new Set(seen).size === RECORDS);
    for (const one of members) await one.disconnect();
    expect(await committed('g')).toBe(RECORDS);
    await broker.close();
    await start();
    expect(await committed('g')).toBe(RECORDS);
  });
});

describe('transactions', () => {
  it('move records and offsets together, or not at all', async () => {
    const producer = kafka.producer({ transactionalId: 'copy', idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const consumer = kafka.consumer({ groupId: 'copiers', maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic: 'in', fromBeginning: true });
    let copied = 0;
    let attempts = 0;
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const messages = batch.messages.map(({ key, value }) => ({ key, value }));
        const offsets = {
          consumerGroupId: 'copiers',
          topics: [{ topic: 'in', partitions: [{ partition: batch.partition, offset: String(Number(batch.lastOffset()) + 1) }] }],
        };
        // Each batch is tried twice; the first attempt is aborted with all it wrote.
        for (const commit of [false, true]) {
          const transaction = await producer.transaction();
          await transaction.send({ topic: 'out', messages });
          await transaction.sendOffsets(offsets);
          attempts++;
          if (commit) await transaction.commit();
          else await transaction.abort();
        }
        copied += messages.length;
      },
    });
    await until(() => copied === RECORDS);
    await consumer.disconnect();
    await producer.disconnect();
    expect(attempts).toBeGreaterThanOrEqual(8);
    expect(await committed('copiers')).toBe(RECORDS);
    const values = await readOut(RECORDS);
    expect([values.length, new Set(values).size]).toEqual([RECORDS, RECORDS]);
  });

  it('of a producer that is replaced are fenced, and what it had open is not seen', async () => {
    const options = { transactionalId: 'one', idempotent: true, maxInFlightRequests: 1 };
    const zombie = kafka.producer(options);
    await zombie.connect();
    const open = await zombie.transaction();
    await open.send({ topic: 'out', messages: [{ value: 'zombie' }] });
    const successor = kafka.producer(options);
    await successor.connect();
    const next = await successor.transaction();
    await expect(open.commit()).rejects.toThrow();
    await next.send({ topic: 'out', messages: [{ value: 'successor' }] });
    await next.commit();
    expect(await readOut(1)).toEqual(['successor']);
    await Promise.all([zombie.disconnect(), successor.disconnect()]);
  });
});
