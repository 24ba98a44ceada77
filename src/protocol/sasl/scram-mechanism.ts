/** The SCRAM mechanisms that Kafka knows (KIP-84). */

export interface ScramMechanism {
  /** As in SaslHandshake and `sasl.mechanism`. */
  readonly name: 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  /** As `node:crypto` names it. */
  readonly hash: 'sha256' | 'sha512';
  /** Length of hashes, keys, signatures and proofs. */
  readonly hashBytes: number;
  /** Its number in Describe- and AlterUserScramCredentials (KIP-554). */
  readonly type: number;
}

/** Fewest iterations that a server may ask for and a client may accept (RFC 7677, `ScramMechanism.minIterations`). */
export const MIN_SCRAM_ITERATIONS = 4096;
/** Most iterations of a stored credential: checking one must not hold the broker up (`ScramMechanism.maxIterations`). */
export const MAX_SCRAM_ITERATIONS = 16384;

export const SCRAM_SHA_256: ScramMechanism = { name: 'SCRAM-SHA-256', hash: 'sha256', hashBytes: 32, type: 1 };
export const SCRAM_SHA_512: ScramMechanism = { name: 'SCRAM-SHA-512', hash: 'sha512', hashBytes: 64, type: 2 };
export const SCRAM_MECHANISMS: readonly ScramMechanism[] = [SCRAM_SHA_256, SCRAM_SHA_512];

/** Undefined for a name that is no SCRAM mechanism. */
export function scramMechanismByName(name: string): ScramMechanism | undefined {
  return SCRAM_MECHANISMS.find((mechanism) => mechanism.name === name);
}

/** Undefined for a number that stands for no mechanism. */
export function scramMechanismByType(type: number): ScramMechanism | undefined {
  return SCRAM_MECHANISMS.find((mechanism) => mechanism.type === type);
}
