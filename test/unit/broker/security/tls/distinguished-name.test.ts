import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { subjectName } from '../../../../../src/broker/security/tls/distinguished-name.ts';
import {
  COMMON_NAME,
  COUNTRY,
  createAuthority,
  EMAIL,
  type NameParts,
  ORGANIZATION,
  ORGANIZATIONAL_UNIT,
} from '../../../../support/certificates.ts';

const ca = createAuthority('authority');
const nameOf = (parts: NameParts): string => subjectName(new X509Certificate(ca.issue(parts).cert).raw);

/** What `new X500Principal(...).getName()` of Java 17 gives. */
describe('the subject of a certificate, as Java writes it', () => {
  it.each<[NameParts, string]>([
    [[[COMMON_NAME, 'alice']], 'CN=alice'],
    [
      [
        [COUNTRY, 'DE'],
        [ORGANIZATION, 'Acme'],
        [ORGANIZATIONAL_UNIT, 'Ops'],
        [COMMON_NAME, 'alice'],
      ],
      'CN=alice,OU=Ops,O=Acme,C=DE',
    ],
    [[[COMMON_NAME, 'a,b+c"d\\e<f>g;h=i']], 'CN=a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h\\=i'],
    [[[COMMON_NAME, ' #x ']], 'CN=\\ \\#x\\ '],
    [[[COMMON_NAME, 'Jürgen 名前']], 'CN=Jürgen 名前'],
    [[[EMAIL, 'a@b.c']], '1.2.840.113549.1.9.1=#16056140622e63'],
    [[['0.9.2342.19200300.100.1.25', 'org']], 'DC=org'],
    [[['0.9.2342.19200300.100.1.1', 'u1']], 'UID=u1'],
    [[['2.5.4.5', '42']], '2.5.4.5=#0c023432'],
    [[], ''],
  ])('%j', (parts, expected) => {
    expect(nameOf(parts)).toBe(expected);
  });

  it('is long', () => {
    const value = 'x'.repeat(300);
    expect(nameOf([[ORGANIZATION, value]])).toBe(`O=${value}`);
  });

  it('is not there in what is no certificate', () => {
    const { raw } = new X509Certificate(ca.issue('alice').cert);
    expect(subjectName(raw)).toBe('CN=alice');
    for (let length = 0; length < 60; length++) expect(() => subjectName(raw.subarray(0, length)), `${length} bytes`).toThrow(RangeError);
    expect(() => subjectName(Buffer.from('3080', 'hex'))).toThrow(RangeError);
  });
});
