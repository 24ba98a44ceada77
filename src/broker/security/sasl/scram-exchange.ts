import {
  formatScramServerFinal,
  formatScramServerFirst,
  isScramProofValid,
  parseScramClientFinal,
  parseScramClientFirst,
  SCRAM_TOKEN_AUTH,
  type ScramClientFirst,
  type ScramMechanism,
  scramAuthMessage,
  scramNonce,
  scramServerSignature,
} from '../../../protocol/index.ts';
import { loggedIn, type SaslExchange, SaslFailure, type SaslStep } from './exchange.ts';
import type { ScramCredential } from './scram-credential.ts';

/** Where a server finds what it keeps of passwords. */
export interface ScramCredentialSource {
  /** Undefined: no such user. */
  find(mechanism: ScramMechanism, userName: string): ScramCredential | undefined;
  /** A credential that looks like one but that no proof fits; always the same for one name. */
  decoy(mechanism: ScramMechanism, userName: string): ScramCredential;
}

/** What was said before the client's last message. */
interface Challenge {
  readonly first: ScramClientFirst;
  readonly serverFirst: string;
  readonly nonce: string;
  readonly credential: ScramCredential;
  /** The proof can be right: the user is there and asks for nothing that it may not have. */
  readonly valid: boolean;
}

/**
 * SCRAM (RFC 5802) on the server's side. Kafka's `ScramSaslServer` refuses an unknown user at once; here it is led on to
 * the proof with a credential that fits nobody, so that nobody can find out who has one.
 */
export class ScramExchange implements SaslExchange {
  readonly #mechanism: ScramMechanism;
  readonly #credentials: ScramCredentialSource;
  #challenge: Challenge | undefined;

  constructor(mechanism: ScramMechanism, credentials: ScramCredentialSource) {
    this.#mechanism = mechanism;
    this.#credentials = credentials;
  }

  next(token: Buffer): SaslStep {
    return this.#challenge === undefined ? this.#begin(token) : this.#finish(token, this.#challenge);
  }

  #begin(token: Buffer): SaslStep {
    const first = parseScramClientFirst(token);
    if (first === undefined) throw failure('Invalid SCRAM client first message');
    const found = this.#credentials.find(this.#mechanism, first.userName);
    const credential = found ?? this.#credentials.decoy(this.#mechanism, first.userName);
    const nonce = first.nonce + scramNonce();
    const serverFirst = formatScramServerFirst(nonce, credential.salt, credential.iterations);
    const ownName = first.authorizationId === '' || first.authorizationId === first.userName;
    // There are no delegation tokens, so nobody can log in with one.
    const byToken = first.extensions.get(SCRAM_TOKEN_AUTH)?.toLowerCase() === 'true';
    this.#challenge = { first, serverFirst, nonce, credential, valid: found !== undefined && ownName && !byToken };
    return { bytes: Buffer.from(serverFirst, 'utf8') };
  }

  #finish(token: Buffer, { first, serverFirst, nonce, credential, valid }: Challenge): SaslStep {
    const last = parseScramClientFinal(token);
    if (last === undefined) throw failure('Invalid SCRAM client final message');
    // Not just equal, as in Kafka: librdkafka before 2.6.1 puts its own nonce before the whole one. The proof covers it.
    if (!last.nonce.endsWith(nonce)) throw failure('Invalid client nonce in the final client message');
    if (last.channelBinding.toString('utf8') !== first.gs2Header) throw failure('Invalid channel binding in the final client message');
    const authMessage = scramAuthMessage(first.bare, serverFirst, last.withoutProof);
    const proven = isScramProofValid(this.#mechanism, credential.storedKey, authMessage, last.proof);
    if (!proven || !valid) throw failure('Invalid client credentials');
    const signature = scramServerSignature(this.#mechanism, credential.serverKey, authMessage);
    return loggedIn(first.userName, formatScramServerFinal(signature));
  }
}

function failure(message: string): SaslFailure {
  return new SaslFailure(message, { tellClient: false });
}
