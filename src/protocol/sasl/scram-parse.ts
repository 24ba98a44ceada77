/**
 * Reads SCRAM messages. Each function gives undefined for a message that is not as RFC 5802 has it: on both sides that
 * ends the authentication, and nothing of a message that may hold secrets goes into an error.
 */

export interface ScramClientFirst {
  readonly userName: string;
  /** Empty: the user itself. */
  readonly authorizationId: string;
  readonly nonce: string;
  /** By name, e.g. `tokenauth`. */
  readonly extensions: ReadonlyMap<string, string>;
  /** As it came, for the auth message. */
  readonly bare: string;
  /** As it came; the client's last message repeats it. */
  readonly gs2Header: string;
}

export interface ScramServerFirst {
  /** The client's and then the server's. */
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
}

export interface ScramClientFinal {
  /** The GS2 header of the client's first message. */
  readonly channelBinding: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  /** As it came, for the auth message. */
  readonly withoutProof: string;
}

export type ScramServerFinal = { readonly signature: Buffer } | { readonly error: string };

const SASL_NAME = '(?:[^\\0=,]|=2C|=3D)+';
const VALUE = '[^\\0,]+';
const NONCE = '[\\x21-\\x2B\\x2D-\\x7E]+';
const BASE64 = '(?:[A-Za-z0-9/+]{4})*(?:[A-Za-z0-9/+]{3}=|[A-Za-z0-9/+]{2}==)?';
const EXTENSIONS = `(?:,[A-Za-z]+=${VALUE})*`;

const CLIENT_FIRST = new RegExp(
  `^(?<gs2>[ny],(?:a=(?<authzid>${SASL_NAME}))?,)(?<bare>n=(?<name>${SASL_NAME}),r=(?<nonce>${NONCE})(?<extensions>${EXTENSIONS}))$`,
  'u',
);
const SERVER_FIRST = new RegExp(`^r=(?<nonce>${NONCE}),s=(?<salt>${BASE64}),i=(?<iterations>[0-9]{1,9})${EXTENSIONS}$`, 'u');
const CLIENT_FINAL = new RegExp(`^(?<withoutProof>c=(?<channel>${BASE64}),r=(?<nonce>${NONCE})${EXTENSIONS}),p=(?<proof>${BASE64})$`, 'u');
const SERVER_FINAL = new RegExp(`^(?:e=(?<error>${VALUE})|v=(?<signature>${BASE64}))${EXTENSIONS}$`, 'u');

export function parseScramClientFirst(bytes: Uint8Array): ScramClientFirst | undefined {
  const groups = match(CLIENT_FIRST, bytes);
  if (groups === undefined) return undefined;
  return {
    userName: unescapeSaslName(groups['name']!),
    authorizationId: unescapeSaslName(groups['authzid'] ?? ''),
    nonce: groups['nonce']!,
    extensions: parseExtensions(groups['extensions']!),
    bare: groups['bare']!,
    gs2Header: groups['gs2']!,
  };
}

export function parseScramServerFirst(bytes: Uint8Array): ScramServerFirst | undefined {
  const groups = match(SERVER_FIRST, bytes);
  if (groups === undefined) return undefined;
  const iterations = Number(groups['iterations']);
  if (iterations === 0) return undefined;
  return { nonce: groups['nonce']!, salt: Buffer.from(groups['salt']!, 'base64'), iterations };
}

export function parseScramClientFinal(bytes: Uint8Array): ScramClientFinal | undefined {
  const groups = match(CLIENT_FINAL, bytes);
  if (groups === undefined) return undefined;
  return {
    channelBinding: Buffer.from(groups['channel']!, 'base64'),
    nonce: groups['nonce']!,
    proof: Buffer.from(groups['proof']!, 'base64'),
    withoutProof: groups['withoutProof']!,
  };
}

export function parseScramServerFinal(bytes: Uint8Array): ScramServerFinal | undefined {
  const groups = match(SERVER_FINAL, bytes);
  if (groups === undefined) return undefined;
  const { error, signature } = groups;
  return error === undefined ? { signature: Buffer.from(signature!, 'base64') } : { error };
}

function match(pattern: RegExp, bytes: Uint8Array): Record<string, string | undefined> | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return pattern.exec(text)?.groups;
}

function unescapeSaslName(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=');
}

function parseExtensions(text: string): Map<string, string> {
  const extensions = new Map<string, string>();
  for (const pair of text.split(',').slice(1)) {
    const at = pair.indexOf('=');
    extensions.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return extensions;
}
