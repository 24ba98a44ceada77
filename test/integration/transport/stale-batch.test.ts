/** Offsets go to the coordinator with the generation in which their records were read (KIP-447). */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import { KafkaClient } from '../../../src/client/index.ts';
import { DescribeGroups, RecordBatchBuilder, RecordCursor } from '../../../src/protocol/index.ts';
import type { FetchedBatch, RebalanceListener, Transport } from '../../../src/transport/transport.ts';
import { createWireTransport } from '../../../src/transport/wire/transport.ts';
import { waitFor } from '../client/wait-for.ts';

const VALUES = ['a', 'b', 'c'];
let broker: Broker;
let client: KafkaClient;
let names = 0;

beforeAll(async () => {
  broker = await Broker.start();
  client = await KafkaClient.connect({ bootstrapServers: broker.bootstrapServers });
});
afterAll(async () => {
  client.close();
  await broker.close();
});

/** A member of its own with a producer; it learns what becomes of its group by heartbeats, here only after a minute. */
async function member(groupId: string, heartbeatIntervalMs: number): Promise<Transport> {
  const transport = await createWireTransport({
    bootstrapServers: broker.bootstrapServers,
    clientId: 'test',
    groupId,
    transactionalId: `producer-${++names}`,
    transactionTimeoutMs: 10_000,
    autoOffsetReset: 'earliest',
    consumerConfig: { 'fetch.max.wait.ms': 20, 'session.timeout.ms': 120_000, 'heartbeat.interval.ms': heartbeatIntervalMs },
    producerConfig: {},
    adminConfig: {},
    onError: (error) => {
      throw error;
    },
    onLog: () => {},
  });
  onTestFinished(() => transport.close());
  await transport.connect(10_000);
  await transport.producer.initTransactions(10_000);
  return transport;
}

/** A topic and a group that nobody else has, with records to read. */
async function prepared(): Promise<string> {
  const topic = `topic-${++names}`;
  const writer = await member(`${topic}-writer`, 100);
  await writer.admin.createTopics(['', '-out'].map((end) => ({ topic: topic + end, partitions: 1, replicationFactor: 1, config: {} })));
  await writer.producer.begin();
  await writer.producer.send([output(topic, VALUES)]);
  await writer.producer.commit();
  return topic;
}

function output(topic: string, values: readonly string[]) {
  const builder = new RecordBatchBuilder();
  for (const value of values) builder.append(1000, Buffer.from('key'), Buffer.from(value));
  return { topic, partition: 0, recordCount: builder.recordCount, bytes: builder.build({ crc: false }) };
}

function valuesOf(batches: readonly FetchedBatch[]): string[] {
  const values: string[] = [];
  for (const { bytes } of batches) {
    const cursor = new RecordCursor(bytes);
    while (cursor.next()) values.push(cursor.buffer.toString('utf8', cursor.valueStart, cursor.valueStart + cursor.valueLength));
  }
  return values;
}

/** Reads what it is given from the group's offsets; tells what happens. */
function reading({ consumer }: Transport, seen: string[] = []): RebalanceListener {
  return {
    onAssigned: async (partitions) => {
      const offsets = await consumer.committed(partitions, 10_000);
      await consumer.assign(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: Math.max(0, offset) })));
      seen.push(`assigned ${partitions.length}`);
    },
    onRevoked: async () => void seen.push('revoked'),
    onLost: async () => void seen.push('lost'),
  };
}

async function read({ consumer }: Transport): Promise<FetchedBatch[]> {
  const batches: FetchedBatch[] = [];
  await waitFor(async () => batches.push(...(await consumer.poll(20))) > 0);
  return batches;
}

/** Begins to copy what was read; the offsets are still to be sent. */
async function process({ producer }: Transport, topic: string, batches: readonly FetchedBatch[]) {
  await producer.begin();
  await producer.send([output(`${topic}-out`, valuesOf(batches))]);
  return batches.map(({ partition, nextOffset: offset }) => ({ topic, partition, offset }));
}

async function committedOutput(topic: string): Promise<string[]> {
  const transport = await member(`${topic}-looks`, 100);
  const [end] = await transport.admin.listOffsets([{ topic: `${topic}-out`, partition: 0 }], 'latest');
  const reader = await transport.openReader('looks');
  await reader.assign([{ topic: `${topic}-out`, partition: 0, offset: 0 }]);
  const values: string[] = [];
  while (reader.position(end!) < end!.offset) values.push(...valuesOf(await reader.poll(20)));
  return values;
}

/** The only member is taken for dead. */
async function expire(groupId: string): Promise<void> {
  const { groups } = await client.request(DescribeGroups, { groups: [groupId] }, { coordinator: ['group', groupId] });
  await broker.expireMember(groupId, groups[0]!.members[0]!.memberId);
}

test('a batch whose reader was taken for dead is refused and aborted, and its new owner reads it again', async () => {
  const topic = await prepared();
  const first = await member(topic, 60_000);
  await first.consumer.subscribe([topic], reading(first));
  const offsets = await process(first, topic, await read(first));
  await expire(topic);
  const second = await member(topic, 100);
  await second.consumer.subscribe([topic], reading(second));
  const again = await read(second);
  expect(valuesOf(again)).toEqual(VALUES);

  await expect(first.producer.sendOffsets(offsets, first.consumer)).rejects.toMatchObject({ code: 'TASK_MIGRATED', abortable: true });
  await first.producer.abort();

  await second.producer.sendOffsets(await process(second, topic, again), second.consumer);
  await second.producer.commit();
  expect(await committedOutput(topic)).toEqual(VALUES);
});

test('a batch of a generation before is refused, though its reader is a member again', async () => {
  const topic = await prepared();
  const transport = await member(topic, 50);
  const seen: string[] = [];
  const listener = reading(transport, seen);
  let answer = () => {};
  let isTold = false;
  await transport.consumer.subscribe([topic], {
    ...listener,
    onAssigned: async (partitions) => {
      if (seen.length > 0) {
        isTold = true;
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      }
      await listener.onAssigned(partitions);
    },
  });
  const offsets = await process(transport, topic, await read(transport));
  await expire(topic);
  await waitFor(() => isTold);
  expect(seen).toEqual(['assigned 1', 'lost']);
  // The member has joined under another id; what it read before is not covered by that.
  await expect(transport.producer.sendOffsets(offsets, transport.consumer)).rejects.toMatchObject({
    code: 'TASK_MIGRATED',
    abortable: true,
  });
  await transport.producer.abort();
  answer();

  const again = await read(transport);
  await transport.producer.sendOffsets(await process(transport, topic, again), transport.consumer);
  await transport.producer.commit();
  expect(await committedOutput(topic)).toEqual(VALUES);
});

test('without transactions an offset of a generation before is refused as well', async () => {
  const topic = await prepared();
  const first = await member(topic, 60_000);
  await first.consumer.subscribe([topic], reading(first));
  const [batch] = await read(first);
  await expire(topic);
  const second = await member(topic, 100);
  await second.consumer.subscribe([topic], reading(second));
  await read(second);
  const offset = { topic, partition: 0, offset: batch!.nextOffset };
  await expect(first.consumer.commit([offset])).rejects.toMatchObject({ code: 'TASK_MIGRATED' });
  expect(await second.consumer.committed([offset], 10_000)).toMatchObject([{ offset: -1 }]);
});
