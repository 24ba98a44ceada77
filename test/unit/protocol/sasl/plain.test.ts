import { describe, expect, it } from 'vitest';
import { formatPlainMessage, parsePlainMessage } from '../../../../src/protocol/index.ts';

describe('the message of SASL PLAIN', () => {
  it('is three parts with NUL between them', () => {
    const message = { authorizationId: '', userName: 'alice', password: 'pässword' };
    expect(formatPlainMessage(message)).toEqual(Buffer.from('\0alice\0pässword'));
    expect(parsePlainMessage(formatPlainMessage(message))).toEqual(message);
    expect(parsePlainMessage(Buffer.from('boss\0alice\0'))).toEqual({ authorizationId: 'boss', userName: 'alice', password: '' });
  });

  it.each(['', 'alice', 'alice\0pw', 'a\0b\0c\0d'])('cannot be %j', (text) => {
    expect(parsePlainMessage(Buffer.from(text))).toBeUndefined();
  });
});
