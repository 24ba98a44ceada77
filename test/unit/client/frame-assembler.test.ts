import { describe, expect, it } from 'vitest';
import { FrameAssembler } from '../../../src/client/frame-assembler.ts';

function framed(...frames: readonly Buffer[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(frame.length);
      return [length, frame];
    }),
  );
}

describe('frames put together from a buffer that is used again', () => {
  const frames = [Buffer.from('four'), Buffer.alloc(5_000, 7), Buffer.from('abcdef'), Buffer.alloc(20_000, 9)];

  it.each([1, 2, 3, 5, 7, 1_000, 4_096, 100_000])('are the same whatever is read at once: %i bytes', (size) => {
    const seen: Buffer[] = [];
    const assembler = new FrameAssembler(100_000, (frame) => seen.push(frame));
    const all = framed(...frames);
    const reused = Buffer.alloc(size);
    for (let at = 0; at < all.length; at += size) {
      const length = all.copy(reused, 0, at);
      assembler.push(reused.subarray(0, length));
      reused.fill(0xff);
    }
    expect(seen).toEqual(frames);
  });

  it.each([1, 1_000, 20_000, 65_536, 1_000_000])('are the same when their rest is read straight into them, %i bytes at a time', (size) => {
    const large = Array.from({ length: 5 }, (_, index) => Buffer.alloc(70_000 + index, index + 1));
    const seen: Buffer[] = [];
    const assembler = new FrameAssembler(100_000, (frame) => seen.push(frame));
    const all = framed(...large, Buffer.from('small'));
    const reused = Buffer.alloc(Math.min(size, 8_192));
    let direct = 0;
    for (let at = 0; at < all.length; ) {
      const target = assembler.target();
      const into = target ?? reused;
      const length = all.copy(into, 0, at, Math.min(all.length, at + size));
      at += length;
      if (target === undefined) {
        assembler.push(reused.subarray(0, length));
        reused.fill(0xff);
      } else {
        assembler.filled(length);
        direct += length;
      }
    }
    expect(seen.map(({ length }) => length)).toEqual([70_000, 70_001, 70_002, 70_003, 70_004, 5]);
    expect(Buffer.concat(seen).equals(Buffer.concat([...large, Buffer.from('small')]))).toBe(true);
    expect(direct).toBeGreaterThan(100_000);
  });

  it('have memory of their own when they are large', () => {
    const seen: Buffer[] = [];
    new FrameAssembler(100_000, (frame) => seen.push(frame)).push(framed(...frames));
    expect(seen.map((frame) => frame.buffer.byteLength === frame.length)).toEqual([false, true, false, true]);
  });

  it.each([-1, 0, 3, 100_001])('of %i bytes are refused', (length) => {
    const header = Buffer.alloc(4);
    header.writeInt32BE(length);
    expect(() => new FrameAssembler(100_000, () => undefined).push(header)).toThrow(/A frame of/);
  });
});
