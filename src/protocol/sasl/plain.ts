/** The one message of SASL PLAIN (RFC 4616): authorization id, user name and password, with a NUL between each. */

export interface PlainMessage {
  /** Whom the client wants to act as; empty: the user itself. */
  readonly authorizationId: string;
  readonly userName: string;
  readonly password: string;
}

const NUL = '\0';

export function formatPlainMessage({ authorizationId, userName, password }: PlainMessage): Buffer {
  return Buffer.from([authorizationId, userName, password].join(NUL), 'utf8');
}

/** Undefined when it is not three parts. The parts may be empty: whether they may be is the server's to say. */
export function parsePlainMessage(bytes: Uint8Array): PlainMessage | undefined {
  const parts = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').split(NUL);
  const [authorizationId, userName, password] = parts;
  if (parts.length !== 3 || authorizationId === undefined || userName === undefined || password === undefined) return undefined;
  return { authorizationId, userName, password };
}
