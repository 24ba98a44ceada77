import { describe, expect, it } from 'vitest';
import { type Reader, RequestMemory } from '../../../../src/broker/server/request-memory.ts';

class FakeReader implements Reader {
  paused = false;
  pauseReading(): void {
    this.paused = true;
  }
  resumeReading(): void {
    this.paused = false;
  }
}

describe('RequestMemory', () => {
  it('lets everybody read below the limit', () => {
    const memory = new RequestMemory(100);
    const [a, b] = [new FakeReader(), new FakeReader()];
    memory.changed(a, 60, true);
    memory.changed(b, 40, true);
    expect([a.paused, b.paused, memory.usedBytes]).toEqual([false, false, 100]);
  });

  it('beyond the limit holds back all but the one that waits for the longest', () => {
    const memory = new RequestMemory(100);
    const readers = [new FakeReader(), new FakeReader(), new FakeReader()] as const;
    for (const reader of readers) memory.changed(reader, 50, true);
    expect(readers.map((reader) => reader.paused)).toEqual([false, false, true]);
    memory.changed(readers[1], 10, true);
    memory.changed(readers[0], 10, true);
    expect(readers.map((reader) => reader.paused)).toEqual([false, true, true]);
  });

  it('hands the right to go on to the next when a request is complete, and lets all go on below the limit', () => {
    const memory = new RequestMemory(100);
    const [first, second, third] = [new FakeReader(), new FakeReader(), new FakeReader()];
    memory.changed(first, 90, true);
    memory.changed(second, 90, true);
    memory.changed(third, 90, true);
    memory.changed(first, 0, false);
    expect([second.paused, third.paused]).toEqual([false, true]);
    memory.changed(first, -90, false);
    expect(third.paused).toBe(true);
    memory.changed(second, -90, false);
    expect(third.paused).toBe(false);
  });

  it('a connection that closes gives back what it had and its turn', () => {
    const memory = new RequestMemory(10);
    const [first, second] = [new FakeReader(), new FakeReader()];
    memory.changed(first, 10, true);
    memory.changed(second, 10, true);
    expect(second.paused).toBe(true);
    memory.closed(first, 10);
    expect([second.paused, memory.usedBytes]).toEqual([false, 10]);
  });

  it('always leaves somebody who can go on, so that memory is given back', () => {
    const memory = new RequestMemory(64);
    const sizes = [40, 30, 90, 10, 64];
    const readers = sizes.map((wanted) => ({ reader: new FakeReader(), wanted, got: 0 }));
    let steps = 0;
    while (readers.some(({ wanted, got }) => got < wanted)) {
      const next = readers.filter(({ reader, wanted, got }) => !reader.paused && got < wanted);
      expect(next.length).toBeGreaterThan(0);
      for (const state of next) {
        if (state.reader.paused) continue;
        state.got += 1;
        const complete = state.got === state.wanted;
        memory.changed(state.reader, 1, !complete);
        if (complete) memory.changed(state.reader, -state.wanted, false);
      }
      expect(++steps).toBeLessThan(1000);
    }
    expect(memory.usedBytes).toBe(0);
  });
});
