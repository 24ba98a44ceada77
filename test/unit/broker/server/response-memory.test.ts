import { expect, it } from 'vitest';
import { ResponseMemory } from '../../../../src/broker/server/response-memory.ts';

const MIB = 1024 * 1024;
const LEAST = 64 * 1024;

it('reserves what is left, and always enough to get on', () => {
  const memory = new ResponseMemory(10 * MIB);
  const [first, second, third] = [memory.reservation(), memory.reservation(), memory.reservation()];
  expect(first.grow(8 * MIB)).toBe(8 * MIB);
  expect(second.grow(4 * MIB)).toBe(2 * MIB);
  expect(third.grow(4 * MIB)).toBe(LEAST);
  expect(memory.usedBytes).toBe(10 * MIB + LEAST);
  expect(third.grow(100)).toBe(LEAST);
  first.giveBack();
  expect(memory.usedBytes).toBe(2 * MIB + LEAST);
  expect(third.grow(64 * MIB)).toBe(8 * MIB);
});

it('gives back what a read has left of its reservation, and everything in the end', () => {
  const memory = new ResponseMemory(10 * MIB);
  const reservation = memory.reservation();
  reservation.grow(8 * MIB);
  reservation.shrink(300);
  expect(memory.usedBytes).toBe(300);
  // A first batch may be larger than what was reserved.
  reservation.shrink(9 * MIB);
  expect(memory.usedBytes).toBe(9 * MIB);
  reservation.giveBack();
  reservation.giveBack();
  expect(memory.usedBytes).toBe(0);
  // The client left while its fetch was still reading.
  reservation.shrink(5 * MIB);
  expect(memory.usedBytes).toBe(0);
});
