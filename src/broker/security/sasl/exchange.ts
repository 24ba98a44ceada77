/** One login by one mechanism, as a server sees it. */

/** What is answered to a client's token. With `userName` the client has logged in. */
export interface SaslStep {
  readonly bytes: Buffer;
  readonly userName?: string;
}

export interface SaslExchange {
  /** Takes the client's next token. Throws {@link SaslFailure}; then the exchange is over. */
  next(token: Buffer): SaslStep;
}

/**
 * A login that failed. What the message may tell depends on the mechanism: `tellClient` false means that the client only
 * learns that its credentials are not valid, as in Kafka (`SaslException` and `SaslAuthenticationException`).
 */
export class SaslFailure extends Error {
  readonly tellClient: boolean;

  constructor(message: string, options: { readonly tellClient: boolean }) {
    super(message);
    this.tellClient = options.tellClient;
  }
}

const NOTHING = Buffer.alloc(0);

/** What a server answers when there is nothing left to say. */
export function loggedIn(userName: string, bytes: Buffer = NOTHING): SaslStep {
  return { bytes, userName };
}
