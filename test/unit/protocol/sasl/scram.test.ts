import { describe, expect, it } from 'vitest';
import {
  formatScramClientFinal,
  formatScramClientFirst,
  formatScramServerFinal,
  formatScramServerFirst,
  isScramProofValid,
  parseScramClientFinal,
  parseScramClientFirst,
  parseScramServerFinal,
  parseScramServerFirst,
  SCRAM_MECHANISMS,
  SCRAM_SHA_256,
  type ScramMechanism,
  scramAuthMessage,
  scramClientFinalWithoutProof,
  scramClientFirstBare,
  scramClientProof,
  scramKeys,
  scramMechanismByName,
  scramMechanismByType,
  scramNonce,
  scramSaltedPassword,
  scramSaltedPasswordSync,
  scramServerSignature,
} from '../../../../src/protocol/index.ts';

/** The example exchange of RFC 7677, section 3. */
const RFC_7677 = {
  user: 'user',
  password: 'pencil',
  clientNonce: 'rOprNGfwEbeRWgbNEkqO',
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};

describe('SCRAM, as the example of RFC 7677 has it', () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const bare = scramClientFirstBare(RFC_7677.user, RFC_7677.clientNonce);
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const withoutProof = scramClientFinalWithoutProof(nonce);
  const authMessage = scramAuthMessage(bare, RFC_7677.serverFirst, withoutProof);

  it('makes the messages of the client', async () => {
    const salted = await scramSaltedPassword(SCRAM_SHA_256, RFC_7677.password, salt, 4096);
    expect(formatScramClientFirst(bare).toString()).toBe(RFC_7677.clientFirst);
    const proof = scramClientProof(SCRAM_SHA_256, salted, authMessage);
    expect(formatScramClientFinal(withoutProof, proof).toString()).toBe(RFC_7677.clientFinal);
  });

  it('makes the messages of the server', () => {
    const keys = scramKeys(SCRAM_SHA_256, scramSaltedPasswordSync(SCRAM_SHA_256, RFC_7677.password, salt, 4096));
    expect(formatScramServerFirst(nonce, salt, 4096)).toBe(RFC_7677.serverFirst);
    expect(formatScramServerFinal(scramServerSignature(SCRAM_SHA_256, keys.serverKey, authMessage)).toString()).toBe(RFC_7677.serverFinal);
  });

  it('reads every message', () => {
    expect(parseScramClientFirst(Buffer.from(RFC_7677.clientFirst))).toEqual({
      userName: 'user',
      authorizationId: '',
      nonce: RFC_7677.clientNonce,
      extensions: new Map(),
      bare,
      gs2Header: 'n,,',
    });
    expect(parseScramServerFirst(Buffer.from(RFC_7677.serverFirst))).toEqual({ nonce, salt, iterations: 4096 });
    const last = parseScramClientFinal(Buffer.from(RFC_7677.clientFinal));
    expect(last).toMatchObject({ nonce, withoutProof });
    expect(last?.channelBinding.toString()).toBe('n,,');
    const keys = scramKeys(SCRAM_SHA_256, scramSaltedPasswordSync(SCRAM_SHA_256, RFC_7677.password, salt, 4096));
    expect(isScramProofValid(SCRAM_SHA_256, keys.storedKey, authMessage, last!.proof)).toBe(true);
    const signature = scramServerSignature(SCRAM_SHA_256, keys.serverKey, authMessage);
    expect(parseScramServerFinal(Buffer.from(RFC_7677.serverFinal))).toEqual({ signature });
  });
});

async function proofOf(mechanism: ScramMechanism, password: string, authMessage: string): Promise<Buffer> {
  return scramClientProof(mechanism, await scramSaltedPassword(mechanism, password, Buffer.from('salt'), 4096), authMessage);
}

describe.each(SCRAM_MECHANISMS)('$name', (mechanism) => {
  it('takes the proof of the right password and no other', async () => {
    const { storedKey } = scramKeys(mechanism, await scramSaltedPassword(mechanism, 'geheim', Buffer.from('salt'), 4096));
    const right = await proofOf(mechanism, 'geheim', 'a,b,c');
    expect(isScramProofValid(mechanism, storedKey, 'a,b,c', right)).toBe(true);
    expect(isScramProofValid(mechanism, storedKey, 'a,b,d', right)).toBe(false);
    expect(isScramProofValid(mechanism, storedKey, 'a,b,c', await proofOf(mechanism, 'Geheim', 'a,b,c'))).toBe(false);
    expect(isScramProofValid(mechanism, storedKey, 'a,b,c', right.subarray(1))).toBe(false);
    expect(isScramProofValid(mechanism, storedKey, 'a,b,c', Buffer.alloc(0))).toBe(false);
  });

  it('is found by name and by number', () => {
    expect(scramMechanismByName(mechanism.name)).toBe(mechanism);
    expect(scramMechanismByType(mechanism.type)).toBe(mechanism);
  });
});

describe('names and nonces', () => {
  it.each(['a=b,c', '=2C', 'Grüße', '名前', ',', '='])('carries the user name %j', (name) => {
    const message = formatScramClientFirst(scramClientFirstBare(name, 'nonce'), name);
    expect(parseScramClientFirst(message)).toMatchObject({ userName: name, authorizationId: name, nonce: 'nonce' });
  });

  it('reads extensions', () => {
    const message = parseScramClientFirst(Buffer.from('n,,n=token,r=abc,tokenauth=true,x=y=z'));
    expect([...message!.extensions]).toEqual([
      ['tokenauth', 'true'],
      ['x', 'y=z'],
    ]);
    expect(message!.bare).toBe('n=token,r=abc,tokenauth=true,x=y=z');
  });

  it('makes nonces that are printable, without commas, and never the same', () => {
    const nonces = Array.from({ length: 100 }, scramNonce);
    expect(new Set(nonces).size).toBe(100);
    for (const nonce of nonces) expect(nonce).toMatch(/^[\x21-\x2B\x2D-\x7E]{32}$/);
  });
});

describe('messages that are not SCRAM', () => {
  it.each([
    '',
    'n,,',
    'n,,n=,r=x',
    'n,,n=user,r=',
    'p=tls-unique,,n=user,r=x',
    'n,,n=us=er,r=x',
    'n,,m=ext,n=user,r=x',
    'n,,n=user,r=x\n,',
  ])('refuses %j as a first message of a client', (text) => expect(parseScramClientFirst(Buffer.from(text))).toBeUndefined());

  it.each(['', 'r=x,s=c2Fs,i=0', 'r=x,s=c2Fs,i=-1', 'r=x,s=c2F,i=4096', 'r=x,s=c2Fs,i=99999999999', 'm=x,r=x,s=c2Fs,i=4096'])(
    'refuses %j as a first message of a server',
    (text) => expect(parseScramServerFirst(Buffer.from(text))).toBeUndefined(),
  );

  it.each(['', 'c=biws,r=x', 'c=biws,r=x,p=abc', 'c=biws,p=YWJj', 'c=biws,r=x,p=YWJj,more=1'])(
    'refuses %j as a last message of a client',
    (text) => expect(parseScramClientFinal(Buffer.from(text))).toBeUndefined(),
  );

  it('reads an error of the server', () => {
    expect(parseScramServerFinal(Buffer.from('e=invalid-proof'))).toEqual({ error: 'invalid-proof' });
    expect(parseScramServerFinal(Buffer.from('x=1'))).toBeUndefined();
  });
});
