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
    if (message === undefined) throw new SaslFailure('Invalid SASL/PLAIN response: expected 3 tokens', { tellClient: false });
    const { authorizationId, userName, password } = message;
    if (userName === '') throw new SaslFailure('Authentication failed: username not specified', { tellClient: false });
    if (password === '') throw new SaslFailure('Authentication failed: password not specified', { tellClient: false });
    if (!this.#users.isPassword(userName, password))
      throw new SaslFailure('Authentication failed: Invalid username or password', { tellClient: true });
    if (authorizationId !== '' && authorizationId !== userName) {
      const problem = 'Authentication failed: Client requested an authorization id that is different from username';
      throw new SaslFailure(problem, { tellClient: true });
    }
    return loggedIn(userName);
  }
}
