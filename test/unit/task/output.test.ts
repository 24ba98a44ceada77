import { describe, expect, it } from 'vitest';
import { StreamsBuilder, TimeWindows } from '../../../src/dsl/index.ts';
import {
  type BatchFormat,
  type BatchMemory,
  batchCompression,
  crc32c,
  PLAIN_BATCHES,
  partitionForKey,
  RecordCursor,
} from '../../../src/protocol/index.ts';
import { int64, string, timeWindowedSerde } from '../../../src/serde/index.ts';
import { OutputCollector } from '../../../src/task/output-collector.ts';
import { Task } from '../../../src/task/task.ts';
import type { Topology } from '../../../src/topology/topology.ts';
import { feed, input, services, textOf } from './task-fixture.ts';

const text = { keySerde: string(), valueSerde: string() };
const KEYS = Array.from({ length: 40 }, (_, index) => `key-${index}`);

function taskOf(topology: Topology, partitions: Record<string, number>, partition = 0) {
  const sub = topology.plan().subTopologies[0]!;
  const task = new Task(`0_${partition}`, 1, sub, services(topology, {}, partitions));
  task.start([input('in', partition)], 1);
  return task;
}

function collector(maxRequestBytes = 1_048_576, partitions: number | 'unknown' = 1, format = PLAIN_BATCHES, memory?: BatchMemory) {
  const topicPartitions = () => (partitions === 'unknown' ? undefined : partitions);
  const counters = { recordsProcessed: 0, recordsDropped: 0, recordsOut: 0, deadLetters: 0 };
  return new OutputCollector({ taskId: '0_0', taskPartition: 0, topicPartitions, maxRequestBytes, format, memory, counters });
}

describe('sinks', () => {
  it('partition by murmur2 of the key bytes, copied or serialised', () => {
    const builder = new StreamsBuilder();
    const stream = builder.stream('in', text);
    stream.to('copied', text);
    stream.map((k, v) => [k, v]).to('serialised', text);
    const task = taskOf(builder.build(), { copied: 5, serialised: 5 });
    feed(task, 'in', 0, 0, ...KEYS.map((key, index) => [index, key, 'v'] as const));
    task.process(100, 0);
    const lines = textOf(task.takeFrames());
    for (const topic of ['copied', 'serialised']) {
      const expected = KEYS.map((key, index) => `${topic}-${partitionForKey(Buffer.from(key), 5)} ${key}=v@${index}`);
      expect(lines.filter((line) => line.startsWith(topic)).sort()).toEqual(expected.sort());
    }
  });

  it('windowed keys are partitioned by their inner key', () => {
    const builder = new StreamsBuilder();
    const windowedKeys = timeWindowedSerde(string(), 10);
    builder
      .stream('in', text)
      .groupByKey()
      .windowedBy(TimeWindows.ofSizeWithNoGrace(10))
      .count()
      .toStream()
      .to('out', { keySerde: windowedKeys, valueSerde: int64() });
    const task = taskOf(builder.build(), { out: 7 });
    feed(task, 'in', 0, 0, ...KEYS.map((key) => [5, key, 'v'] as const));
    task.process(100, 0);
    let seen = 0;
    for (const { topic, partition, bytes } of task.closeEpoch().frames) {
      if (topic !== 'out') continue;
      const cursor = new RecordCursor(bytes);
      for (; cursor.next(); seen++) {
        const { key } = windowedKeys.deserialize(cursor.buffer.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength), 'out');
        expect(partition).toBe(partitionForKey(Buffer.from(key), 7));
      }
    }
    expect(seen).toBe(KEYS.length);
  });

  it('records without a key stay together for a batch, and move on with the next', () => {
    const builder = new StreamsBuilder();
    builder.stream('in', text).to('out', text);
    const task = taskOf(builder.build(), { out: 3 }, 1);
    const partitions: number[][] = [];
    for (let round = 0; round < 4; round++) {
      feed(task, 'in', 1, round * 2, [1, null, 'a'], [2, null, 'b']);
      task.process(10, 0);
      partitions.push(task.takeFrames().map(({ partition }) => partition));
    }
    expect(partitions).toEqual([[1], [2], [0], [1]]);
  });

  it('a partitioner decides, undefined falls back, and a wrong number is an error of production', () => {
    const builder = new StreamsBuilder();
    const partitioner = (_topic: string, _key: string | null, value: string | null, partitions: number) =>
      value === 'default' ? undefined : value === 'last' ? partitions - 1 : Number(value);
    builder.stream('in', text).to('out', { ...text, partitioner });
    const task = taskOf(builder.build(), { out: 4 });
    feed(task, 'in', 0, 0, [1, 'a', 'last'], [2, 'a', '1'], [3, 'a', 'default']);
    task.process(10, 0);
    const lines = textOf(task.takeFrames());
    expect(lines.sort()).toEqual([`out-1 a=1@2`, `out-3 a=last@1`, `out-${partitionForKey(Buffer.from('a'), 4)} a=default@3`].sort());
    feed(task, 'in', 0, 3, [4, 'a', '4']);
    expect(() => task.process(1, 0)).toThrow(/chose partition 4 of topic out, which has 0 to 3/);
  });

  it('an extractor names the topic of each record; an unknown topic is left to the coordinator', () => {
    const builder = new StreamsBuilder();
    builder.stream('in', text).to((_key, value, context) => `${value}-${context.offset}`, text);
    const task = taskOf(builder.build(), { 'x-0': 2 });
    feed(task, 'in', 0, 0, [1, 'a', 'x'], [2, 'a', 'y']);
    task.process(10, 0);
    expect(textOf(task.takeFrames())).toEqual([`x-0-${partitionForKey(Buffer.from('a'), 2)} a=x@1`, 'y-1--1 a=y@2']);
  });

  it('a partitioner cannot work for a topic that nobody knows', () => {
    const builder = new StreamsBuilder();
    builder.stream('in', text).to(() => 'nowhere', { ...text, partitioner: () => 0 });
    const task = taskOf(builder.build(), {});
    feed(task, 'in', 0, 0, [1, 'a', 'x']);
    expect(() => task.process(1, 0)).toThrow(/topic nowhere does not exist or is not known yet/);
  });
});

describe('OutputCollector', () => {
  it('hands over everything once, with its size', () => {
    const outputs = collector();
    outputs.topic('t').appendBytes(1, Buffer.from('k'), Buffer.from('v'), undefined);
    expect(outputs.bytes).toBeGreaterThan(0);
    expect(outputs.takeFrames(3)).toMatchObject([{ taskId: '0_0', generation: 3, topic: 't', partition: 0, recordCount: 1 }]);
    expect([outputs.bytes, outputs.takeFrames(3)]).toEqual([0, []]);
  });

  it('closes batches long before they are too large, and keeps the order', () => {
    const outputs = collector();
    const value = Buffer.alloc(10_000, 'x');
    for (let index = 0; index < 100; index++) outputs.topic('t').appendBytes(index, null, value, undefined);
    const frames = outputs.takeFrames(1);
    expect(frames.length).toBeGreaterThan(2);
    expect(Math.max(...frames.map(({ bytes }) => bytes.length))).toBeLessThan(300_000);
    const timestamps = textOf(frames).map((line) => Number(line.slice(line.lastIndexOf('@') + 1)));
    expect(timestamps).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('a record that would make the batch too large for a request begins the next one', () => {
    const outputs = collector(1_000);
    const output = outputs.topic('t');
    output.appendBytes(1, Buffer.from('a'), Buffer.alloc(500, '1'), [['h', Buffer.from('x')]]);
    output.appendBytes(2, null, Buffer.alloc(600, '2'), undefined);
    output.appendBytes(3, Buffer.from('c'), null, undefined);
    const frames = outputs.takeFrames(1);
    expect(frames.map(({ recordCount }) => recordCount)).toEqual([1, 2]);
    const first = new RecordCursor(frames[0]!.bytes);
    first.next();
    expect(first.headers()).toEqual([['h', Buffer.from('x')]]);
    expect(textOf(frames).map((line) => line.replace(/(.)\1+/g, '$1'))).toEqual(['t-0 a=1@1', 't-0 nul=2@2', 't-0 c=nul@3']);
  });

  it('compresses what it hands over, and gives the CRC of the records, where the transport asks for that', () => {
    const format: BatchFormat = { compression: 'gzip', compressionLevel: 9, recordsCrc: true };
    const outputs = collector(1_048_576, 1, format);
    for (let index = 0; index < 50; index++) outputs.topic('t').appendBytes(index, Buffer.from('k'), Buffer.from('the same'), undefined);
    const [frame] = outputs.takeFrames(1);
    const { bytes, recordsCrc } = frame!;
    expect([batchCompression(bytes, 0), recordsCrc]).toEqual([1, crc32c(bytes.subarray(61))]);
    expect(bytes.length).toBeLessThan(300);
    expect(textOf([frame!])).toEqual(Array.from({ length: 50 }, (_, index) => `t-0 k=the same@${index}`));
  });

  it('lie where the shard wants them to', () => {
    const given: Buffer[] = [];
    const outputs = collector(1_048_576, 1, PLAIN_BATCHES, (length) => {
      given.push(Buffer.from(new SharedArrayBuffer(length + 50), 0, length));
      return given.at(-1)!;
    });
    outputs.topic('out').appendBytes(1, Buffer.from('k'), Buffer.from('v'), undefined);
    const frames = outputs.takeFrames(1);
    expect(frames.map(({ bytes }) => bytes)).toEqual(given);
    expect(frames[0]?.bytes.buffer).toBe(given[0]?.buffer);
    expect(textOf(frames)).toEqual(['out-0 k=v@1']);
  });

  it('leaves batches plain whose partitions the coordinator has to choose', () => {
    const outputs = collector(1_048_576, 'unknown', { compression: 'gzip', compressionLevel: undefined, recordsCrc: true });
    outputs.topic('t').appendBytes(1, Buffer.from('k'), Buffer.from('v'), undefined);
    const [frame] = outputs.takeFrames(1);
    expect([frame!.partition, batchCompression(frame!.bytes, 0), frame!.recordsCrc]).toEqual([-1, 0, undefined]);
  });

  it('a record too large for any request leaves no trace', () => {
    const outputs = collector(1_000);
    const output = outputs.topic('t');
    output.appendBytes(1, null, Buffer.from('before'), undefined);
    expect(() => output.appendBytes(2, null, Buffer.alloc(2_000), undefined)).toThrow(
      expect.objectContaining({ code: 'RECORD_TOO_LARGE' }),
    );
    output.appendBytes(3, null, Buffer.from('after'), undefined);
    expect(textOf(outputs.takeFrames(1))).toEqual(['t-0 null=before@1', 't-0 null=after@3']);
  });
});
