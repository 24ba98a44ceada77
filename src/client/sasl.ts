/** Logging in: SaslHandshake names the mechanism, then SaslAuthenticate carries its messages (KIP-43, KIP-152). */
import { timingSafeEqual } from 'node:crypto';
import { MillraceError } from '../errors.ts';
import {
  ErrorCode,
  formatPlainMessage,
  formatScramClientFinal,
  formatScramClientFirst,
  kafkaError,
  MIN_SCRAM_ITERATIONS,
  parseScramServerFinal,
  parseScramServerFirst,
  SaslAuthenticate,
  SaslHandshake,
  type ScramMechanism,
  scramAuthMessage,
  scramClientFinalWithoutProof,
  scramClientFirstBare,
  scramClientProof,
  scramMechanismByName,
  scramNonce,
  scramSaltedPassword,
  scramServerKey,
  scramServerSignature,
} from '../protocol/index.ts';
import type { BrokerVersions } from './api-versions.ts';
import type { Connection } from './connection.ts';
import type { SaslOptions } from './options.ts';

/** A server that asks for more would only keep this process busy. */
const MAX_CLIENT_ITERATIONS = 1_000_000;

/**
 * Logs in on a fresh connection. Resolves with how long the login holds, in milliseconds; 0: for ever (KIP-368).
 * Rejects with AUTHENTICATION_FAILED, which no repetition helps against.
 */
export async function authenticate(connection: Connection, versions: BrokerVersions, sasl: SaslOptions): Promise<number> {
  const handshake = await connection.send(SaslHandshake, versions.pick(SaslHandshake, { minVersion: 1 }), { mechanism: sasl.mechanism });
  if (handshake.errorCode !== ErrorCode.NONE) {
    const offered = handshake.mechanisms.length === 0 ? 'none' : handshake.mechanisms.join(', ');
    throw refused(connection.broker, sasl, `it does not take mechanism ${sasl.mechanism}, but ${offered}`);
  }
  const login: Login = { connection, version: versions.pick(SaslAuthenticate), sasl };
  const mechanism = scramMechanismByName(sasl.mechanism);
  return mechanism === undefined ? logInPlain(login) : logInScram(login, mechanism);
}

interface Login {
  readonly connection: Connection;
  readonly version: number;
  readonly sasl: SaslOptions;
}

async function exchange(
  { connection, version, sasl }: Login,
  authBytes: Buffer,
): Promise<{ readonly bytes: Buffer; readonly lifetimeMs: number }> {
  const answer = await connection.send(SaslAuthenticate, version, { authBytes });
  if (answer.errorCode !== ErrorCode.NONE) {
    throw refused(connection.broker, sasl, answer.errorMessage ?? kafkaError(answer.errorCode).message);
  }
  return { bytes: answer.authBytes, lifetimeMs: answer.sessionLifetimeMs };
}

async function logInPlain(login: Login): Promise<number> {
  const { username, password } = login.sasl;
  const { lifetimeMs } = await exchange(login, formatPlainMessage({ authorizationId: '', userName: username, password }));
  return lifetimeMs;
}

async function logInScram(login: Login, mechanism: ScramMechanism): Promise<number> {
  const { username, password } = login.sasl;
  const fail = (why: string): MillraceError => refused(login.connection.broker, login.sasl, why);
  const nonce = scramNonce();
  const firstBare = scramClientFirstBare(username, nonce);
  const firstAnswer = await exchange(login, formatScramClientFirst(firstBare));
  const serverFirst = parseScramServerFirst(firstAnswer.bytes);
  if (serverFirst === undefined) throw fail('its first SCRAM message cannot be read');
  // A nonce of its own shows that the answer is no old one; too few iterations would make the password easy to guess.
  if (!serverFirst.nonce.startsWith(nonce) || serverFirst.nonce.length === nonce.length)
    throw fail('it did not answer with a nonce of its own');
  if (serverFirst.iterations < MIN_SCRAM_ITERATIONS || serverFirst.iterations > MAX_CLIENT_ITERATIONS) {
    throw fail(`it asks for ${serverFirst.iterations} iterations, outside of ${MIN_SCRAM_ITERATIONS} to ${MAX_CLIENT_ITERATIONS}`);
  }
  const salted = await scramSaltedPassword(mechanism, password, serverFirst.salt, serverFirst.iterations);
  const withoutProof = scramClientFinalWithoutProof(serverFirst.nonce);
  const authMessage = scramAuthMessage(firstBare, firstAnswer.bytes.toString('utf8'), withoutProof);
  const last = await exchange(login, formatScramClientFinal(withoutProof, scramClientProof(mechanism, salted, authMessage)));
  const serverFinal = parseScramServerFinal(last.bytes);
  if (serverFinal === undefined) throw fail('its last SCRAM message cannot be read');
  if ('error' in serverFinal) throw fail(serverFinal.error);
  const expected = scramServerSignature(mechanism, scramServerKey(mechanism, salted), authMessage);
  if (serverFinal.signature.length !== expected.length || !timingSafeEqual(serverFinal.signature, expected)) {
    throw fail('it does not know the password itself, so it may not be the broker that it claims to be');
  }
  return last.lifetimeMs;
}

function refused(broker: string, { mechanism, username }: SaslOptions, why: string): MillraceError {
  return new MillraceError(
    'AUTHENTICATION_FAILED',
    `Broker ${broker} refused the login of ${username} by ${mechanism}: ${why.replace(/[.\s]+$/, '')}. Check security.protocol, sasl.mechanism, sasl.username and sasl.password.`,
    { context: { broker, mechanism, username } },
  );
}
