import { parsePlainMessage } from '../../../protocol/index.ts';
import { loggedIn, type SaslExchange, SaslFailure, type SaslStep } from './exchange.ts';
import type { PlainUsers } from './plain-users.ts';

/** SASL PLAIN (RFC 4616) with the checks and messages of Kafka's `PlainSaslServer`. */
export class PlainExchange implements SaslExchange {
  readonly #users: PlainUsers;

  constructor(users: PlainUsers) {
    this.#users = users;
  }

  next(token: Buffer): SaslStep {
    const message = parsePlainMessage(token);
    if (message === undefined) throw refused(`Invalid SASL/PLAIN response: expected 3 tokens, got ${countTokens(token)}`);
    const { authorizationId, userName, password } = message;
    if (userName === '') throw refused('Authentication failed: username not specified');
    if (password === '') throw refused('Authentication failed: password not specified');
    if (!this.#users.isPassword(userName, password)) throw refused('Authentication failed: Invalid username or password');
    if (authorizationId !== '' && authorizationId !== userName)
      throw refused('Authentication failed: Client requested an authorization id that is different from username');
    return loggedIn(userName);
  }
}

/** None of the messages tells whether a user exists. */
function refused(message: string): SaslFailure {
  return new SaslFailure(message, { tellClient: true });
}

/** Kafka counts no further than four. */
function countTokens(token: Buffer): number {
  let count = 1;
  for (const byte of token) if (byte === 0) count++;
  return Math.min(count, 4);
}
