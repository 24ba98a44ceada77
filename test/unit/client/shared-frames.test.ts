import { describe, expect, it } from 'vitest';
import { FrameAssembler } from '../../../src/client/frame-assembler.ts';
import { SharedFrames } from '../../../src/client/shared-frames.ts';
import { SHARED_FROM_BYTES, sharedMemoryOf } from '../../../src/protocol/index.ts';

const MIB = 1024 * 1024;

describe('memory for frames that threads share', () => {
  it('is used again when every reader is done with it, and not before', () => {
    const frames = new SharedFrames(MIB);
    const first = frames.take(100_000);
    const release = frames.lend(first, 2);
    release();
    expect(frames.freeBytes).toBe(0);
    expect(frames.take(100_000).buffer).not.toBe(first.buffer);
    release();
    expect(frames.freeBytes).toBe(first.buffer.byteLength);
    const again = frames.take(90_000);
    expect(again.buffer).toBe(first.buffer);
    expect(again.length).toBe(90_000);
    expect(frames.freeBytes).toBe(0);
  });

  it('comes back at once when nothing of the frame is wanted', () => {
    const frames = new SharedFrames(MIB);
    const frame = frames.take(200_000);
    frames.lend(frame, 0);
    expect(frames.take(200_000).buffer).toBe(frame.buffer);
  });

  it('is not counted twice when it was lent again meanwhile', () => {
    const frames = new SharedFrames(MIB);
    const frame = frames.take(100_000);
    frames.lend(frame, 1)();
    const again = frames.take(100_000);
    const release = frames.lend(again, 1);
    expect(frames.freeBytes).toBe(0);
    release();
    expect(frames.freeBytes).toBe(frame.buffer.byteLength);
  });

  it('is only kept up to a limit', () => {
    const frames = new SharedFrames(MIB);
    const taken = Array.from({ length: 4 }, () => frames.take(MIB / 2));
    for (const frame of taken) frames.lend(frame, 1)();
    expect(frames.freeBytes).toBe(MIB);
  });

  it('is large enough for any length, and does not fit a longer one', () => {
    const frames = new SharedFrames(16 * MIB);
    for (const length of [SHARED_FROM_BYTES, SHARED_FROM_BYTES + 1, MIB, MIB + 1, 5_000_000]) {
      const frame = frames.take(length);
      expect(frame.length).toBe(length);
      frames.lend(frame, 1)();
    }
    expect(frames.take(8 * MIB).length).toBe(8 * MIB);
  });

  it('gets nothing of frames that are not shared', () => {
    const frames = new SharedFrames(MIB);
    frames.lend(Buffer.alloc(MIB), 1)();
    expect(frames.freeBytes).toBe(0);
  });

  it('takes large frames of a connection, and small ones not', () => {
    const frames = new SharedFrames(MIB);
    const seen: Buffer[] = [];
    const assembler = new FrameAssembler(MIB, (frame) => seen.push(frame), frames);
    for (const length of [100, SHARED_FROM_BYTES - 1, SHARED_FROM_BYTES]) {
      const framed = Buffer.alloc(4 + length, 7);
      framed.writeInt32BE(length);
      assembler.push(framed);
    }
    expect(seen.map((frame) => sharedMemoryOf(frame) !== undefined)).toEqual([false, false, true]);
    expect(seen.every((frame) => frame.every((byte) => byte === 7))).toBe(true);
  });
});
