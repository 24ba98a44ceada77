import { describe, expect, it } from 'vitest';
import { PlainUsers } from '../../../../../src/broker/security/sasl/plain-users.ts';

describe('users of PLAIN', () => {
  const users = new PlainUsers({ alice: 'secret', 'bob=,': 'pässword' });

  it.each([
    ['alice', 'secret', true],
    ['bob=,', 'pässword', true],
    ['alice', 'Secret', false],
    ['alice', 'secret ', false],
    ['alice', '', false],
    ['Alice', 'secret', false],
    ['bob=,', 'secret', false],
    ['', '', false],
    ['__proto__', 'secret', false],
    ['toString', '', false],
  ])('%s with %s: %s', (name, password, expected) => {
    expect(users.isPassword(name, password)).toBe(expected);
  });
});
