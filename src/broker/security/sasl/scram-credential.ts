import { randomBytes } from 'node:crypto';
import { MIN_SCRAM_ITERATIONS, type ScramMechanism, scramKeys, scramSaltedPassword } from '../../../protocol/index.ts';

/** What is kept of a user's password for one mechanism. */
export interface ScramCredential {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Length of the salts that this broker makes. */
export const SALT_BYTES = 24;

/** A credential of a password with a fresh salt. */
export async function makeScramCredential(mechanism: ScramMechanism, password: string): Promise<ScramCredential> {
  const salt = randomBytes(SALT_BYTES);
  const iterations = MIN_SCRAM_ITERATIONS;
  return { salt, iterations, ...scramKeys(mechanism, await scramSaltedPassword(mechanism, password, salt, iterations)) };
}

/** Whether a credential was made of this password; costs as much as making one. */
export async function fitsPassword(mechanism: ScramMechanism, credential: ScramCredential, password: string): Promise<boolean> {
  const { salt, iterations, storedKey } = credential;
  const keys = scramKeys(mechanism, await scramSaltedPassword(mechanism, password, salt, iterations));
  return keys.storedKey.equals(storedKey);
}
