import { describe, expect, it } from 'vitest';
import { type Frame, FrameAssembler } from '../../../../src/broker/server/frame-assembler.ts';
import { FramePool } from '../../../../src/broker/server/frame-pool.ts';

function frameOf(body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

const bodies = [0, 1, 3, 4, 5, 1000, 65_535, 65_536, 200_000, 1_500_000, 3_000_000].map((bytes, index) => Buffer.alloc(bytes, index + 1));
const stream = Buffer.concat(bodies.map(frameOf));

function assemble(chunkBytes: number): { frames: Buffer[]; pool: FramePool; assembler: FrameAssembler } {
  const pool = new FramePool();
  const assembler = new FrameAssembler(4_000_000, pool);
  const frames: Buffer[] = [];
  for (let at = 0; at < stream.length; at += chunkBytes) {
    const completed: Frame[] = [];
    assembler.push(stream.subarray(at, at + chunkBytes), completed);
    for (const { bytes, pooled } of completed) {
      frames.push(Buffer.from(bytes));
      // What is given back may be overwritten by the next frame.
      if (pooled !== undefined) pool.giveBack(pooled.fill(0xee));
    }
  }
  return { frames, pool, assembler };
}

describe('FrameAssembler', () => {
  it.each([7, 4096, 65_536, 1_000_000, stream.length])('cuts chunks of %i bytes into the frames that were sent', (chunkBytes) => {
    const { frames, assembler } = assemble(chunkBytes);
    expect(frames.length).toBe(bodies.length);
    expect(frames.every((frame, index) => frame.equals(bodies[index]!))).toBe(true);
    expect(assembler.pendingBytes).toBe(0);
  });

  it('counts what it holds', () => {
    const assembler = new FrameAssembler(1000, new FramePool());
    const frames: Frame[] = [];
    const counts = [...frameOf(Buffer.alloc(3))].map((byte) => {
      assembler.push(Buffer.from([byte]), frames);
      return assembler.pendingBytes;
    });
    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 0]);
    expect(frames).toHaveLength(1);
  });

  it.each([-1, 1001])('refuses a length of %i, also when it comes in pieces', (length) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(length);
    expect(() => new FrameAssembler(1000, new FramePool()).push(bytes, [])).toThrowError(
      expect.objectContaining({ code: 'MALFORMED_FRAME' }),
    );
    const assembler = new FrameAssembler(1000, new FramePool());
    assembler.push(bytes.subarray(0, 2), []);
    expect(() => assembler.push(bytes.subarray(2), [])).toThrowError(expect.objectContaining({ code: 'MALFORMED_FRAME' }));
  });
});

describe('FramePool', () => {
  it('gives buffers that are long enough, and the same one again', () => {
    const pool = new FramePool();
    for (const bytes of [1, 65_536, 65_537, 131_072, 131_073, 2_097_152, 2_097_153])
      expect(pool.take(bytes).length).toBeGreaterThanOrEqual(bytes);
    const buffer = pool.take(100_000);
    pool.giveBack(buffer);
    expect(pool.idleBytes).toBe(buffer.length);
    expect(pool.take(70_000)).toBe(buffer);
    expect(pool.idleBytes).toBe(0);
  });

  it('keeps no more than its limit, and nothing large', () => {
    const pool = new FramePool();
    pool.giveBack(Buffer.allocUnsafeSlow(4_000_000));
    expect(pool.idleBytes).toBe(0);
    for (let count = 0; count < 20; count++) pool.giveBack(Buffer.allocUnsafeSlow(2_097_152));
    expect(pool.idleBytes).toBe(16 * 1024 * 1024);
  });
});
