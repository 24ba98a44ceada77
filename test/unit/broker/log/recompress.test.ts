import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PartitionLog } from '../../../../src/broker/log/index.ts';
import {
  batchBaseSequence,
  batchCompression,
  batchProducerId,
  COMPRESSION_NAMES,
  updateBatchCrc,
  validateBatchCrc,
} from '../../../../src/protocol/index.ts';
import { batchOf, client, fetch, ManualClock, openLog, recordsIn, START_MS, temporaryDirectory } from './support/harness.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let clock: ManualClock;
let log: PartitionLog;

beforeEach(async () => {
  directory = temporaryDirectory();
  clock = new ManualClock();
  log = await openLog(`${directory.path}/t-0`, clock);
});
afterEach(async () => {
  await log.close();
  directory.remove();
});

const values = Array.from({ length: 50 }, (_, index) => `the same words again and again ${index % 3}`);
const stored = async (): Promise<Buffer> => (await fetch(log, 0)).records;

describe('compression.type', () => {
  it('producer keeps every byte but offset and epoch', async () => {
    const batch = batchOf(values, { compression: 'lz4' });
    log.append(batch, client);
    expect((await stored()).subarray(16)).toEqual(batch.subarray(16));
  });

  it.each(['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'])('%s is what batches of every codec are stored with', async (wanted) => {
    log.updateConfig({ 'compression.type': wanted });
    for (const compression of COMPRESSION_NAMES) log.append(batchOf(values, { compression }), client);
    const bytes = await stored();
    const codec = COMPRESSION_NAMES.indexOf(wanted === 'uncompressed' ? 'none' : (wanted as 'gzip'));
    expect([batchCompression(bytes, 0), validateBatchCrc(bytes, 0)]).toEqual([codec, true]);
    const seen = recordsIn(bytes);
    expect(seen.map(({ value }) => value)).toEqual(COMPRESSION_NAMES.flatMap(() => values));
    expect(seen.map(({ offset }) => offset)).toEqual(seen.map((_, index) => index));
  });

  it('leaves the producer and its sequence as they were, and gives the append time where that is wanted', async () => {
    log.updateConfig({ 'compression.type': 'gzip', 'message.timestamp.type': 'LogAppendTime' });
    clock.advance(1234);
    const batch = batchOf(values, { producerId: 9, producerEpoch: 2, baseSequence: 0 });
    expect(log.append(batch, client)).toMatchObject({ errorCode: 0, logAppendTimeMs: START_MS + 1234 });
    const bytes = await stored();
    expect([batchProducerId(bytes, 0), batchBaseSequence(bytes, 0), batchCompression(bytes, 0), validateBatchCrc(bytes, 0)]).toEqual([
      9,
      0,
      1,
      true,
    ]);
    expect(new Set(recordsIn(bytes).map(({ timestamp }) => timestamp))).toEqual(new Set([START_MS + 1234]));
    // A retry of it is still recognised.
    expect(log.append(batchOf(values, { producerId: 9, producerEpoch: 2, baseSequence: 0 }), client)).toMatchObject({
      errorCode: 0,
      baseOffset: 0,
    });
    expect(log.logEndOffset).toBe(50);
  });

  it('refuses a batch that is too large once it is stored as wanted', () => {
    log.updateConfig({ 'compression.type': 'uncompressed', 'max.message.bytes': '1000' });
    const packed = batchOf(values, { compression: 'gzip' });
    expect(packed.length).toBeLessThan(1000);
    expect(log.append(packed, client).errorCode).toBe(10);
    expect(log.logEndOffset).toBe(0);
  });

  it('refuses what does not unpack, or unpacks to something else than records', () => {
    log.updateConfig({ 'compression.type': 'uncompressed' });
    const broken = batchOf(values, { compression: 'zstd' });
    broken.fill(0x55, 61);
    updateBatchCrc(broken, 0);
    expect(log.append(broken, client).errorCode).toBe(2);
    const fewer = batchOf(values.slice(1), { compression: 'lz4' });
    fewer.writeInt32BE(50, 57);
    fewer.writeInt32BE(49, 23);
    updateBatchCrc(fewer, 0);
    expect(log.append(fewer, client).errorCode).toBe(2);
    expect(log.logEndOffset).toBe(0);
  });
});

it('refuses records that are not what their header says, though the CRC is right', () => {
  const fewer = batchOf(['a', 'b', 'c']);
  fewer.writeInt32BE(4, 57);
  fewer.writeInt32BE(3, 23);
  updateBatchCrc(fewer, 0);
  expect(log.append(fewer, client).errorCode).toBe(87);
  const garbage = batchOf(['a', 'b', 'c']);
  garbage.fill(0xff, 61);
  updateBatchCrc(garbage, 0);
  expect(log.append(garbage, client).errorCode).toBe(87);
  expect(log.logEndOffset).toBe(0);
});
