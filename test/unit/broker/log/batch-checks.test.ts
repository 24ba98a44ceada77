import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PartitionLog } from '../../../../src/broker/log/index.ts';
import { setBatchAttributes, updateBatchCrc } from '../../../../src/protocol/index.ts';
import { batchOf, client, ManualClock, openLog, producerBatch, random, START_MS, temporaryDirectory } from './support/harness.ts';

let directory: ReturnType<typeof temporaryDirectory>;
let log: PartitionLog;

beforeEach(async () => {
  directory = temporaryDirectory();
  log = await openLog(`${directory.path}/t-0`, new ManualClock());
});
afterEach(async () => {
  await log.close();
  directory.remove();
});

const refusal = (batch: Buffer): number => log.append(batch, client).errorCode;
/** Changes a batch and gives it a right CRC again. */
const forged = (change: (batch: Buffer) => void, original = batchOf(['a', 'b'])): Buffer => {
  change(original);
  updateBatchCrc(original, 0);
  return original;
};

it('refuses a batch whose bytes do not match its CRC', () => {
  const batch = batchOf(['a']);
  batch[batch.length - 1]! ^= 1;
  expect(refusal(batch)).toBe(2);
});

it('refuses what is not exactly one batch of format 2', () => {
  expect(refusal(Buffer.alloc(0))).toBe(2);
  expect(refusal(batchOf(['a']).subarray(0, 60))).toBe(2);
  expect(refusal(Buffer.concat([batchOf(['a']), batchOf(['b'])]))).toBe(87);
  expect(refusal(batchOf(['a']).subarray(0, 65))).toBe(87);
  const old = batchOf(['a']);
  old[16] = 1;
  expect(refusal(old)).toBe(87);
});

it('refuses headers that cannot be', () => {
  expect(refusal(forged((batch) => batch.writeInt32BE(3, 57)))).toBe(87);
  expect(refusal(forged((batch) => batch.writeInt32BE(0, 57)))).toBe(87);
  expect(refusal(forged((batch) => setBatchAttributes(batch, 0, 0x20)))).toBe(87);
  expect(refusal(forged((batch) => setBatchAttributes(batch, 0, 0x10)))).toBe(87);
  expect(refusal(forged((batch) => setBatchAttributes(batch, 0, 7)))).toBe(76);
  expect(refusal(batchOf(['a'], { producerId: 4, producerEpoch: 0 }))).toBe(87);
});

it('refuses batches over max.message.bytes or segment.bytes', () => {
  log.updateConfig({ 'max.message.bytes': '100' });
  expect(refusal(batchOf([{ value: 'x'.repeat(100) }]))).toBe(10);
  log.updateConfig({ 'segment.bytes': '100' });
  expect(refusal(batchOf([{ value: 'x'.repeat(100) }]))).toBe(18);
  expect(refusal(batchOf(['a']))).toBe(0);
});

it('refuses timestamps too far ahead or back, and the wrong timestamp type', () => {
  expect(refusal(batchOf([{ value: 'a', timestamp: START_MS + 3_600_001 }]))).toBe(32);
  expect(refusal(batchOf([{ value: 'a', timestamp: START_MS + 3_600_000 }]))).toBe(0);
  expect(refusal(batchOf([{ value: 'a', timestamp: 1 }]))).toBe(0);
  log.updateConfig({ 'message.timestamp.before.max.ms': '1000' });
  expect(refusal(batchOf([{ value: 'a', timestamp: START_MS - 1001 }]))).toBe(32);
  expect(refusal(batchOf(['a'], { logAppendTime: true }))).toBe(32);
  log.updateConfig({ 'message.timestamp.type': 'LogAppendTime' });
  expect(refusal(batchOf([{ value: 'a', timestamp: START_MS + 3_600_001 }]))).toBe(0);
});

it('names the records without a key on a compacted topic, also inside compressed batches', () => {
  log.updateConfig({ 'cleanup.policy': 'compact' });
  for (const compression of ['none', 'gzip'] as const) {
    const batch = batchOf([{ key: 'k', value: 'v' }, { value: 'no key' }, { key: '', value: '' }, { value: null }], { compression });
    const result = log.append(batch, client);
    expect(result.errorCode).toBe(87);
    expect(result.recordErrors?.map((error) => error.batchIndex)).toEqual([1, 3]);
  }
  expect(refusal(batchOf(['a'], { compression: 'gzip' }))).toBe(0);
});

it('survives any bytes, and keeps none that are refused', () => {
  const seed = Date.now() % 1_000_000;
  const below = random(seed);
  log.updateConfig({ 'cleanup.policy': 'compact' });
  for (let round = 0; round < 2000; round++) {
    const batch = producerBatch(below(3), below(5), 1 + below(3), { transactional: below(2) === 0 });
    for (let flips = below(4); flips >= 0; flips--) batch[below(batch.length)] = below(256);
    if (below(2) === 0 && batch.length >= 61) batch.writeInt32BE(batch.length - 12, 8);
    if (below(2) === 0) updateBatchCrcSafely(batch);
    const end = log.logEndOffset;
    const result = log.append(below(10) === 0 ? batch.subarray(0, below(batch.length)) : batch, client);
    if (result.errorCode !== 0) expect(log.logEndOffset, `seed ${seed}`).toBe(end);
  }
});

function updateBatchCrcSafely(batch: Buffer): void {
  if (batch.readInt32BE(8) + 12 === batch.length) updateBatchCrc(batch, 0);
}
