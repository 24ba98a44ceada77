/** The four messages of SCRAM (RFC 5802, section 7), as text. Channel binding is never used, as in Kafka. */

import { scramNormalize } from './scram-keys.ts';

/** Extension with which a client says that it logs in with a delegation token and not with a password (KIP-48). */
export const SCRAM_TOKEN_AUTH = 'tokenauth';

/** A user name with `=` and `,` escaped, which separate things in the messages. */
export function scramSaslName(userName: string): string {
  return userName.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

/** The part of the client's first message that both sides sign. */
export function scramClientFirstBare(userName: string, clientNonce: string): string {
  return `n=${scramSaslName(userName)},r=${clientNonce}`;
}

/** `authorizationId`: whom to act as; Kafka only takes the user itself. */
export function formatScramClientFirst(bare: string, authorizationId = ''): Buffer {
  return scramNormalize(gs2Header(authorizationId) + bare);
}

/** `nonce`: the client's and then the server's. */
export function formatScramServerFirst(nonce: string, salt: Uint8Array, iterations: number): string {
  return `r=${nonce},s=${Buffer.from(salt).toString('base64')},i=${iterations}`;
}

/** The part of the client's last message that both sides sign. */
export function scramClientFinalWithoutProof(nonce: string, authorizationId = ''): string {
  return `c=${scramNormalize(gs2Header(authorizationId)).toString('base64')},r=${nonce}`;
}

export function formatScramClientFinal(withoutProof: string, proof: Uint8Array): Buffer {
  return scramNormalize(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`);
}

export function formatScramServerFinal(signature: Uint8Array): Buffer {
  return scramNormalize(`v=${Buffer.from(signature).toString('base64')}`);
}

/** What proof and signature are made of: the three messages before the proof. */
export function scramAuthMessage(clientFirstBare: string, serverFirst: string, clientFinalWithoutProof: string): string {
  return `${clientFirstBare},${serverFirst},${clientFinalWithoutProof}`;
}

/** What stands before the client's first message; its base64 comes again in the last one. */
export function gs2Header(authorizationId: string): string {
  return authorizationId === '' ? 'n,,' : `n,a=${scramSaslName(authorizationId)},`;
}
