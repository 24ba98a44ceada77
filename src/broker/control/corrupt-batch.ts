import { MillraceError } from '../../errors.ts';
import { BatchScanner } from '../log/batch-scanner.ts';
import type { PartitionLog } from '../log/index.ts';
import type { Segment } from '../log/segment.ts';

/**
 * Flips one bit in the records of the stored batch that has the offset, so that its CRC does not match any more: clients
 * that check it must notice. The next recovery after a crash cuts the log off there. Rejects with INVALID_STATE when no
 * batch has the offset.
 */
export async function corruptBatch(log: PartitionLog, offset: number): Promise<void> {
  await log.flushed();
  const segment = log.segments.at(log.segments.floorIndex(offset));
  const position = segment === undefined ? undefined : await lastByteOfBatch(segment, offset);
  if (segment === undefined || position === undefined) {
    throw new MillraceError('INVALID_STATE', `${log.name} has no batch with offset ${offset}; it ends at ${log.logEndOffset}.`, {
      context: { topic: log.topic, partition: log.partition, offset },
    });
  }
  const byte = Buffer.alloc(1);
  segment.file.readNow(byte, position);
  byte[0]! ^= 1;
  segment.file.write(byte, 0, 1, position);
  // What is in memory is still whole.
  log.tail.clear();
}

async function lastByteOfBatch(segment: Segment, offset: number): Promise<number | undefined> {
  const scanner = new BatchScanner(segment.file, 0, segment.size);
  while (scanner.next() || (await scanner.fill())) {
    if (scanner.baseOffset <= offset && offset <= scanner.lastOffset) return scanner.batchPosition + scanner.length - 1;
  }
  return undefined;
}
