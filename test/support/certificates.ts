/** Certificates for tests, made with nothing but Node: a small writer of DER (X.690) for X.509 (RFC 5280). */

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** Attributes of a name by number, in the order in which the certificate has them. */
export type NameParts = readonly (readonly [objectId: string, value: string])[];

export const COMMON_NAME = '2.5.4.3';
export const COUNTRY = '2.5.4.6';
export const ORGANIZATION = '2.5.4.10';
export const ORGANIZATIONAL_UNIT = '2.5.4.11';
export const EMAIL = '1.2.840.113549.1.9.1';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

export interface Authority extends Certificate {
  /** A certificate for 127.0.0.1, localhost and ::1, for a server as for a client. */
  issue(subject: string | NameParts, options?: { readonly notAfter?: Date }): Certificate;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const BASIC_CONSTRAINTS = '2.5.29.19';
const ALTERNATIVE_NAMES = '2.5.29.17';

/** An authority of its own, which nobody trusts who is not told to. */
export function createAuthority(commonName: string): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = nameOf(commonName);
  const isAuthority = extension(BASIC_CONSTRAINTS, sequence(Buffer.from([0x01, 0x01, 0xff])));
  const cert = certificate({ issuer, subject: issuer, publicKey: keys.publicKey, signWith: keys.privateKey, extensions: [isAuthority] });
  return {
    cert,
    key: pemOf(keys.privateKey),
    issue: (subject, { notAfter } = {}) => {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const extensions = [extension(ALTERNATIVE_NAMES, localNames())];
      const name = nameOf(subject);
      const issued = { issuer, subject: name, publicKey: own.publicKey, signWith: keys.privateKey, extensions };
      return { cert: certificate({ ...issued, ...(notAfter && { notAfter }) }), key: pemOf(own.privateKey) };
    },
  };
}

interface CertificateRequest {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly signWith: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly notAfter?: Date;
}

function certificate(request: CertificateRequest): string {
  const { issuer, subject, publicKey, signWith, extensions, notAfter = new Date(Date.now() + DAY_MS) } = request;
  const version3 = tagged(0xa0, tagged(0x02, Buffer.from([2])));
  const serialNumber = tagged(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(8)]));
  const validity = sequence(time(new Date(Date.now() - 2 * DAY_MS)), time(notAfter));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = sequence(version3, serialNumber, ECDSA_WITH_SHA256, issuer, validity, subject, spki, tagged(0xa3, sequence(...extensions)));
  const signature = tagged(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, signWith)]));
  const base64 = sequence(body, ECDSA_WITH_SHA256, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
}

function nameOf(subject: string | NameParts): Buffer {
  const parts: NameParts = typeof subject === 'string' ? [[COMMON_NAME, subject]] : subject;
  return sequence(...parts.map(([id, value]) => tagged(0x31, sequence(objectId(id), text(id, value)))));
}

/** E-mail addresses are IA5String, everything else UTF8String. */
function text(id: string, value: string): Buffer {
  return tagged(id === EMAIL ? 0x16 : 0x0c, Buffer.from(value, 'utf8'));
}

function localNames(): Buffer {
  const dns = tagged(0x82, Buffer.from('localhost'));
  const ipv4 = tagged(0x87, Buffer.from([127, 0, 0, 1]));
  const ipv6 = tagged(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])]));
  return sequence(dns, ipv4, ipv6);
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), tagged(0x04, value));
}

function time(date: Date): Buffer {
  return tagged(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
}

function objectId(id: string): Buffer {
  const [first = 0, second = 0, ...rest] = id.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((number) => {
    const digits = [number & 0x7f];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return tagged(0x06, Buffer.from(bytes));
}

function sequence(...elements: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(elements));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const lengthBytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content]);
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
