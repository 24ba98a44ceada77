import {
  ErrorCode,
  formatPlainMessage,
  formatScramClientFinal,
  formatScramClientFirst,
  parseScramServerFinal,
  parseScramServerFirst,
  type ResponseOf,
  SaslAuthenticate,
  SaslHandshake,
  scramAuthMessage,
  scramClientFinalWithoutProof,
  scramClientFirstBare,
  scramClientProof,
  scramMechanismByName,
  scramNonce,
  scramSaltedPassword,
} from '../../../src/protocol/index.ts';
import type { WireClient } from './wire-client.ts';

export type Authenticated = ResponseOf<typeof SaslAuthenticate>;

export function authenticate(client: WireClient, authBytes: Buffer, version = 2): Promise<Authenticated> {
  return client.send(SaslAuthenticate, version, { authBytes });
}

/** What the broker says to a user's password by PLAIN; with an error code it is refused. */
export async function loginPlain(client: WireClient, userName: string, password: string): Promise<Authenticated> {
  await client.send(SaslHandshake, 1, { mechanism: 'PLAIN' });
  return authenticate(client, formatPlainMessage({ authorizationId: '', userName, password }));
}

export interface ScramLogin {
  readonly mechanism: string;
  readonly userName: string;
  readonly password: string;
  /** Default: the user itself. */
  readonly authorizationId?: string;
  /** Changes the last message before it is sent. */
  readonly tamper?: (message: string) => string;
}

/** What the broker says at the end; and its first message, for what it tells of a user. */
export async function loginScram(client: WireClient, login: ScramLogin): Promise<{ first: string; last: Authenticated }> {
  await client.send(SaslHandshake, 1, { mechanism: login.mechanism });
  const mechanism = scramMechanismByName(login.mechanism)!;
  const bare = scramClientFirstBare(login.userName, scramNonce());
  const { authBytes } = await authenticate(client, formatScramClientFirst(bare, login.authorizationId));
  const first = authBytes.toString('utf8');
  const { nonce, salt, iterations } = parseScramServerFirst(authBytes)!;
  const salted = await scramSaltedPassword(mechanism, login.password, salt, iterations);
  const withoutProof = scramClientFinalWithoutProof(nonce, login.authorizationId);
  const proof = scramClientProof(mechanism, salted, scramAuthMessage(bare, first, withoutProof));
  const message = formatScramClientFinal(withoutProof, proof).toString('utf8');
  const last = await authenticate(client, Buffer.from(login.tamper?.(message) ?? message));
  if (last.errorCode === ErrorCode.NONE && parseScramServerFinal(last.authBytes) === undefined) throw new Error('no signature');
  return { first, last };
}
