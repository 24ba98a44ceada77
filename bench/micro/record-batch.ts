import type { Bench } from 'tinybench';
import { crc32c, murmur2, RecordBatchBuilder, RecordCursor } from '../../src/protocol/index.ts';

const RECORDS = 1_000;

/** Encoding and walking of record batches: 1,000 records with 9-byte keys and 100-byte values. */
export function recordBatchTasks(bench: Bench): void {
  const keys = Array.from({ length: RECORDS }, (_, index) => Buffer.from(`key-${String(index).padStart(5, '0')}`));
  const value = Buffer.alloc(100, 'v');
  const builder = new RecordBatchBuilder();
  const fill = () => {
    builder.reset();
    for (const key of keys) builder.append(1_700_000_000_000, key, value);
  };
  fill();
  const batch = builder.build();
  const cursor = new RecordCursor();
  bench
    .add(`record batch: append ${RECORDS} records`, fill)
    .add(`record batch: append and build ${RECORDS} records, with CRC`, () => {
      fill();
      builder.build();
    })
    .add(`record batch: walk ${RECORDS} records`, () => {
      cursor.reset(batch);
      let bytes = 0;
      while (cursor.next()) bytes += cursor.keyLength + cursor.valueLength;
      if (bytes !== RECORDS * 109) throw new Error(`walked ${bytes} bytes`);
    })
    .add('crc32c of 64 KiB', () => void crc32c(large))
    .add('murmur2 of a 9-byte key', () => void murmur2(keys[0]!));
}

const large = Buffer.alloc(64 * 1024, 7);
