import { deflateRawSync } from 'node:zlib';
import { compressSync as rawSnappy } from 'snappy';
import { describe, expect, it } from 'vitest';
import {
  batchCompression,
  COMPRESSION_NAMES,
  type CompressionName,
  compress,
  compressionId,
  decompress,
  RecordBatchBuilder,
  RecordCursor,
  validateBatchCrc,
} from '../../../../src/protocol/index.ts';
import { SeededRandom } from '../seeded-random.ts';

const CODECS = COMPRESSION_NAMES.filter((name) => name !== 'none');

const text = Buffer.from(Array.from({ length: 3000 }, (_, index) => `{"flight":${index},"origin":"SFO"}`).join('\n'));

describe.each(CODECS)('%s', (name) => {
  const id = compressionId(name);
  const random = new SeededRandom();

  it(`gives back what it was given (TEST_SEED=${random.seed})`, () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('a'), text, Buffer.alloc(1_000_000), random.bytes(100_000)]) {
      const packed = compress(id, bytes);
      expect(decompress(id, packed).equals(bytes), `${bytes.length} bytes`).toBe(true);
    }
    expect(compress(id, text).length).toBeLessThan(text.length / 2);
  });

  it('makes no more than the limit', () => {
    const bomb = compress(id, Buffer.alloc(20_000_000));
    expect(bomb.length).toBeLessThan(1_200_000);
    expect(() => decompress(id, bomb, 1_000_000)).toThrow(expect.objectContaining({ code: 'CORRUPT_RECORD' }));
    expect(decompress(id, bomb, 21_000_000).length).toBe(20_000_000);
  });

  it('says CORRUPT_RECORD for garbage and for every cut', () => {
    expect(() => decompress(id, Buffer.from('this is no compressed data'))).toThrow(expect.objectContaining({ code: 'CORRUPT_RECORD' }));
    const packed = compress(id, text);
    for (let length = 1; length < packed.length; length += 97) {
      // Snappy's framing has no end mark: a cut between two blocks is a shorter text.
      try {
        expect(decompress(id, packed.subarray(0, length)).length, `cut at ${length}`).toBeLessThan(text.length);
        expect(name).toBe('snappy');
      } catch (error) {
        expect(error).toMatchObject({ code: 'CORRUPT_RECORD' });
      }
    }
  });

  it(`survives damage (TEST_SEED=${random.seed})`, () => {
    const packed = Buffer.from(compress(id, text));
    for (let round = 0; round < 200; round++) {
      const bad = Buffer.from(packed);
      for (let changes = random.between(1, 3); changes > 0; changes--) bad[random.between(0, bad.length - 1)] = random.between(0, 255);
      try {
        expect(decompress(id, bad, 10_000_000).length).toBeLessThanOrEqual(10_000_000);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CORRUPT_RECORD' });
      }
    }
  });

  it('packs the records of a batch, and a cursor unpacks them', () => {
    const builder = new RecordBatchBuilder();
    for (let index = 0; index < 100; index++) builder.append(1000 + index, Buffer.from(`k${index}`), Buffer.from('v'.repeat(50)));
    const plain = builder.build();
    const packed = builder.build({ compression: name });
    expect(batchCompression(packed, 0)).toBe(id);
    expect(packed.length).toBeLessThan(plain.length);
    expect(validateBatchCrc(packed, 0)).toBe(true);
    const cursor = new RecordCursor(Buffer.concat([packed, plain]));
    let count = 0;
    while (cursor.next()) {
      const key = cursor.buffer.toString('utf8', cursor.keyStart, cursor.keyStart + cursor.keyLength);
      expect(key).toBe(`k${count++ % 100}`);
    }
    expect(count).toBe(200);
  });

  it('a batch that does not unpack is CORRUPT_RECORD with its position', () => {
    const builder = new RecordBatchBuilder();
    builder.append(1, null, Buffer.from('x'.repeat(100)));
    const plain = builder.build();
    const packed = builder.build({ compression: name });
    packed.fill(0xee, 61);
    const cursor = new RecordCursor(Buffer.concat([plain, packed]));
    expect(cursor.next()).toBe(true);
    expect(() => cursor.next()).toThrow(
      expect.objectContaining({ code: 'CORRUPT_RECORD', message: expect.stringContaining(`at byte ${plain.length}`) }),
    );
  });
});

describe('what other writers make', () => {
  it('snappy: raw blocks (librdkafka) and the framing of snappy-java', () => {
    expect(decompress(2, rawSnappy(text)).equals(text)).toBe(true);
    const [first, second] = [rawSnappy(text.subarray(0, 100)), rawSnappy(text.subarray(100))];
    const lengthOf = (block: Buffer) => Buffer.from([0, 0, block.length >> 8, block.length & 0xff]);
    const framed = Buffer.concat([
      Buffer.from('82534e41505059000000000100000001', 'hex'),
      lengthOf(first),
      first,
      lengthOf(second),
      second,
    ]);
    expect(decompress(2, framed).equals(text)).toBe(true);
    expect(Buffer.from(compress(2, text)).subarray(0, 16).toString('hex')).toBe('82534e41505059000000000100000001');
  });

  it('lz4: frames with content size and checksums (the lz4 command)', () => {
    // printf 'hello hello hello hello hello hello' > file; lz4 --content-size -BX file
    const frame = Buffer.from('04224d187c402300000000000000eb100000006f68656c6c6f200600055068656c6c6f7220b52800000000bd9cd674', 'hex');
    expect(decompress(3, frame).toString()).toBe('hello hello hello hello hello hello');
  });

  it('zstd: frames of streaming encoders, which do not say their size', () => {
    // printf 'hello hello hello hello' | zstd -c
    const frame = Buffer.from(ZSTD_STREAM, 'hex');
    expect(decompress(4, frame).toString()).toBe('hello hello hello hello');
    expect(decompress(4, Buffer.concat([frame, frame])).toString()).toBe('hello hello hello hello'.repeat(2));
    const skippable = Buffer.from('502a4d1803000000aabbcc', 'hex');
    expect(decompress(4, Buffer.concat([skippable, frame])).toString()).toBe('hello hello hello hello');
  });

  it('zstd: a size that the blocks cannot hold is refused before memory is asked for', () => {
    const packed = Buffer.from(compress(4, text));
    expect(packed[4]! & 0xe0).toBe(0xa0); // single segment, content size in four bytes
    packed.writeUInt32LE(200_000_000, 5);
    expect(() => decompress(4, packed)).toThrow(
      expect.objectContaining({ code: 'CORRUPT_RECORD', message: expect.stringContaining('blocks hold') }),
    );
  });

  it('gzip: raw deflate is not gzip', () => {
    expect(() => decompress(1, deflateRawSync(text))).toThrow(expect.objectContaining({ code: 'CORRUPT_RECORD' }));
  });
});

describe('unknown codecs', () => {
  it('are UNSUPPORTED_COMPRESSION', () => {
    for (const id of [-1, 5, 7]) {
      expect(() => decompress(id, text)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_COMPRESSION' }));
      expect(() => compress(id, text)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_COMPRESSION' }));
    }
    expect(() => compressionId('brotli' as CompressionName)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_COMPRESSION' }));
    expect(decompress(0, text)).toBe(text);
  });
});

const ZSTD_STREAM = '28b52ffd04586500003068656c6c6f200100994b11175eae0d';
