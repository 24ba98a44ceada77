import { expect, it } from 'vitest';
import { ResponseMemory } from '../../../../src/broker/server/response-memory.ts';

const MIB = 1024 * 1024;

it('grants what is left, and always enough to get on', () => {
  const memory = new ResponseMemory(10 * MIB);
  expect(memory.grant(4 * MIB)).toBe(4 * MIB);
  memory.take(8 * MIB);
  expect(memory.grant(4 * MIB)).toBe(2 * MIB);
  memory.take(2 * MIB);
  expect(memory.grant(4 * MIB)).toBe(MIB);
  expect(memory.grant(100)).toBe(100);
  memory.giveBack(10 * MIB);
  expect([memory.grant(64 * MIB), memory.usedBytes]).toEqual([10 * MIB, 0]);
});
