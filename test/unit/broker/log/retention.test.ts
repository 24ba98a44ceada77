import { expect, it } from 'vitest';
import type { PartitionLog } from '../../../../src/broker/log/index.ts';
import { CrashFileSystem } from './support/crash-file-system.ts';
import { batchOf, client, fetch, ManualClock, openLog, readAll, START_MS } from './support/harness.ts';

const DIR = '/data/t-0';

/** One record a second, five to a segment by time. */
async function seconds(
  count: number,
  config: Record<string, string>,
): Promise<{ log: PartitionLog; clock: ManualClock; fs: CrashFileSystem }> {
  const fs = new CrashFileSystem();
  const clock = new ManualClock();
  const log = await openLog(DIR, clock, { fs, config: { 'segment.ms': '4000', 'retention.ms': '-1', ...config } });
  for (let index = 0; index < count; index++) {
    log.append(batchOf([{ key: 'k', value: `v${index}`, timestamp: START_MS + index * 1000 }]), client);
  }
  return { log, clock, fs };
}

it('rolls by time between first and last record', async () => {
  const { log } = await seconds(20, {});
  expect(log.segments.all.map((segment) => segment.baseOffset)).toEqual([0, 5, 10, 15]);
});

it('deletes whole segments whose newest record is too old', async () => {
  const { log, clock, fs } = await seconds(20, { 'retention.ms': '60000' });
  clock.advance(60_000 + 4000);
  await log.clean();
  expect(log.logStartOffset).toBe(0);
  clock.advance(1);
  await log.clean();
  expect(log.logStartOffset).toBe(5);
  const left = () => fs.list(DIR).filter((name) => name.startsWith('00000000000000000000'));
  expect(left().map((name) => name.slice(20))).toEqual(expect.arrayContaining(['.log.deleted', '.index.deleted', '.timeindex.deleted']));
  expect(left().every((name) => name.endsWith('.deleted'))).toBe(true);
  clock.advance(60_000); // file.delete.delay.ms
  expect(left()).toEqual([]);
  expect((await fetch(log, 4)).errorCode).toBe(1);
  expect((await readAll(log)).map((record) => record.offset)).toEqual(Array.from({ length: 15 }, (_, index) => index + 5));
});

it('rolls the last segment to delete it, and goes on at the same offset', async () => {
  const { log, clock, fs } = await seconds(20, { 'retention.ms': '60000' });
  clock.advance(1_000_000);
  await log.clean();
  expect([log.logStartOffset, log.logEndOffset, log.sizeInBytes]).toEqual([20, 20, 0]);
  // A crash now must not have offsets given out again, though no checkpoint says yet where the log begins.
  expect((await openLog(DIR, clock, { fs: fs.afterKill() })).logEndOffset).toBe(20);
  expect(log.append(batchOf(['new']), client).baseOffset).toBe(20);
  const again = await openLog(DIR, clock, { fs: fs.afterKill() });
  expect(again.logStartOffset).toBe(20);
  expect((await readAll(again)).map((record) => record.value)).toEqual(['new']);
});

it('keeps at least retention.bytes', async () => {
  const { log } = await seconds(20, {});
  const size = log.segments.at(2)!.size + log.segments.at(3)!.size;
  log.updateConfig({ 'retention.ms': '-1', 'retention.bytes': String(size), 'segment.ms': '4000' });
  await log.clean();
  expect(log.logStartOffset).toBe(10);
  expect(log.sizeInBytes).toBe(size);
});

it('deletes segments below the start that DeleteRecords has set, whatever the policy', async () => {
  const { log } = await seconds(20, { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '1' });
  expect(log.deleteRecordsBefore(12)).toBe(12);
  expect(log.deleteRecordsBefore(3)).toBe(12);
  expect(log.deleteRecordsBefore(21)).toBeUndefined();
  await log.clean();
  expect(log.segments.first.baseOffset).toBe(10);
  expect(log.logStartOffset).toBe(12);
  expect(log.deleteRecordsBefore(-1)).toBe(20);
});

it('does not delete by age or size on a topic that is only compacted', async () => {
  const { log, clock } = await seconds(20, { 'cleanup.policy': 'compact', 'retention.ms': '1', 'retention.bytes': '1' });
  clock.advance(1_000_000);
  await log.clean();
  expect(log.logStartOffset).toBe(0);
});

it('lets reads finish that are under way', async () => {
  const { log, clock } = await seconds(20, { 'retention.ms': '60000' });
  log.tail.clear();
  const reading = Promise.all([0, 3, 8, 16].map((offset) => fetch(log, offset)));
  clock.advance(1_000_000);
  await log.clean();
  for (const result of await reading) expect([0, 1]).toContain(result.errorCode);
});
