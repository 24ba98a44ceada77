import { describe, expect, it } from 'vitest';
import { SaslFailure } from '../../../../../src/broker/security/sasl/exchange.ts';
import { makeScramCredential } from '../../../../../src/broker/security/sasl/scram-credential.ts';
import { ScramExchange } from '../../../../../src/broker/security/sasl/scram-exchange.ts';
import {
  formatScramClientFinal,
  formatScramClientFirst,
  parseScramServerFinal,
  parseScramServerFirst,
  SCRAM_MECHANISMS,
  SCRAM_SHA_256,
  scramAuthMessage,
  scramClientFinalWithoutProof,
  scramClientFirstBare,
  scramClientProof,
  scramKeys,
  scramSaltedPassword,
  scramSaltedPasswordSync,
  scramServerSignature,
} from '../../../../../src/protocol/index.ts';

const credential = await makeScramCredential(SCRAM_SHA_256, 'secret');
const source = {
  find: (_: unknown, name: string) => (name === 'alice' ? credential : undefined),
  decoy: () => credential,
};

interface Login {
  readonly user?: string;
  readonly password?: string;
  readonly bare?: string;
  /** Of the last message, given the whole nonce and the client's own. */
  readonly nonce?: (whole: string, own: string) => string;
}

/** The server's last message. Throws when the login fails. */
async function login({ user = 'alice', password = 'secret', bare = scramClientFirstBare(user, 'own'), nonce = (whole) => whole }: Login) {
  const exchange = new ScramExchange(SCRAM_SHA_256, source);
  const first = exchange.next(formatScramClientFirst(bare)).bytes;
  const { nonce: whole, salt, iterations } = parseScramServerFirst(first)!;
  expect(whole.startsWith('own')).toBe(true);
  const salted = await scramSaltedPassword(SCRAM_SHA_256, password, salt, iterations);
  const withoutProof = scramClientFinalWithoutProof(nonce(whole, 'own'));
  const authMessage = scramAuthMessage(bare, first.toString(), withoutProof);
  const step = exchange.next(formatScramClientFinal(withoutProof, scramClientProof(SCRAM_SHA_256, salted, authMessage)));
  return { step, authMessage };
}

describe('SCRAM on the side of the server', () => {
  it('lets the user in and proves that it knows the credential', async () => {
    const { step, authMessage } = await login({});
    expect(step.userName).toBe('alice');
    const signature = scramServerSignature(SCRAM_SHA_256, credential.serverKey, authMessage);
    expect(parseScramServerFinal(step.bytes)).toEqual({ signature });
  });

  it('takes the nonce of librdkafka before 2.6.1, which has its own part twice', async () => {
    const { step } = await login({ nonce: (whole, own) => own + whole });
    expect(step.userName).toBe('alice');
  });

  it.each<[string, Login]>([
    ['a wrong password', { password: 'wrong' }],
    ['a user without a credential, though the decoy would fit', { user: 'mallory' }],
    ['a delegation token', { bare: `${scramClientFirstBare('alice', 'own')},tokenauth=true` }],
    ['another nonce', { nonce: () => 'own' }],
    ['an extended nonce', { nonce: (whole) => `${whole}x` }],
  ])('refuses %s', async (_, wrong) => {
    await expect(login(wrong)).rejects.toSatisfy((error) => error instanceof SaslFailure && !error.tellClient);
  });

  it.each(['', 'n,,', 'y,,n=alice', 'p=tls-unique,,n=alice,r=own'])('refuses %j as a beginning', (text) => {
    expect(() => new ScramExchange(SCRAM_SHA_256, source).next(Buffer.from(text))).toThrow(SaslFailure);
  });

  it('asks for a new nonce each time', () => {
    const nonces = Array.from({ length: 20 }, () => {
      const { bytes } = new ScramExchange(SCRAM_SHA_256, source).next(formatScramClientFirst(scramClientFirstBare('alice', 'own')));
      return parseScramServerFirst(bytes)!.nonce;
    });
    expect(new Set(nonces).size).toBe(20);
  });
});

it.each(SCRAM_MECHANISMS)('credentials of $name have a salt of their own and at least 4096 iterations', async (mechanism) => {
  const [one, two] = await Promise.all([makeScramCredential(mechanism, 'same'), makeScramCredential(mechanism, 'same')]);
  expect(one!.salt.equals(two!.salt)).toBe(false);
  expect(one!.iterations).toBe(4096);
  expect(scramKeys(mechanism, scramSaltedPasswordSync(mechanism, 'same', one!.salt, 4096)).storedKey).toEqual(one!.storedKey);
});
