/** The arithmetic of SCRAM (RFC 5802, section 3): keys from passwords, and proofs and signatures from keys. */

import { createHash, createHmac, pbkdf2, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ScramMechanism } from './scram-mechanism.ts';

const NONCE_BYTES = 24;

/** What a server keeps of a password. None of it allows to log in; the stored key allows to check a client's proof. */
export interface ScramKeys {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/**
 * A password or user name as bytes. SASLprep (RFC 4013) would normalise it first; Kafka's broker and Java, C and Node
 * clients leave text outside of ASCII as it is (`ScramFormatter.normalize`), and both sides must do the same.
 */
export function scramNormalize(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** A fresh nonce, or a salt as text: printable, without a comma. */
export function scramNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

/** `Hi(password, salt, iterations)`, computed on a thread of libuv's pool: some milliseconds of CPU. */
export function scramSaltedPassword(mechanism: ScramMechanism, password: string, salt: Uint8Array, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(scramNormalize(password), salt, iterations, mechanism.hashBytes, mechanism.hash, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** As {@link scramSaltedPassword}, but holds the calling thread up: only for start-up. */
export function scramSaltedPasswordSync(mechanism: ScramMechanism, password: string, salt: Uint8Array, iterations: number): Buffer {
  return pbkdf2Sync(scramNormalize(password), salt, iterations, mechanism.hashBytes, mechanism.hash);
}

export function scramHmac(mechanism: ScramMechanism, key: Uint8Array, data: Uint8Array | string): Buffer {
  return createHmac(mechanism.hash, key).update(data).digest();
}

export function scramHash(mechanism: ScramMechanism, data: Uint8Array): Buffer {
  return createHash(mechanism.hash).update(data).digest();
}

export function scramClientKey(mechanism: ScramMechanism, saltedPassword: Uint8Array): Buffer {
  return scramHmac(mechanism, saltedPassword, 'Client Key');
}

export function scramServerKey(mechanism: ScramMechanism, saltedPassword: Uint8Array): Buffer {
  return scramHmac(mechanism, saltedPassword, 'Server Key');
}

export function scramKeys(mechanism: ScramMechanism, saltedPassword: Uint8Array): ScramKeys {
  return {
    storedKey: scramHash(mechanism, scramClientKey(mechanism, saltedPassword)),
    serverKey: scramServerKey(mechanism, saltedPassword),
  };
}

/** What a client sends as its proof: it shows that the client has the client key without giving it away. */
export function scramClientProof(mechanism: ScramMechanism, saltedPassword: Uint8Array, authMessage: string): Buffer {
  const clientKey = scramClientKey(mechanism, saltedPassword);
  return xor(clientKey, scramHmac(mechanism, scramHash(mechanism, clientKey), authMessage));
}

/** Whether a client's proof was made with the client key that belongs to the stored key; takes the same time either way. */
export function isScramProofValid(mechanism: ScramMechanism, storedKey: Uint8Array, authMessage: string, proof: Uint8Array): boolean {
  if (proof.length !== mechanism.hashBytes || storedKey.length !== mechanism.hashBytes) return false;
  const clientKey = xor(proof, scramHmac(mechanism, storedKey, authMessage));
  return timingSafeEqual(scramHash(mechanism, clientKey), storedKey);
}

/** With it a server shows that it knows the credential. */
export function scramServerSignature(mechanism: ScramMechanism, serverKey: Uint8Array, authMessage: string): Buffer {
  return scramHmac(mechanism, serverKey, authMessage);
}

function xor(first: Uint8Array, second: Uint8Array): Buffer {
  const result = Buffer.alloc(first.length);
  for (let index = 0; index < first.length; index++) result[index] = first[index]! ^ second[index]!;
  return result;
}
