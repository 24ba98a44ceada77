import { describe, expect, it } from 'vitest';
import { resolveSecurity } from '../../../../src/broker/security/resolve-security.ts';
import { createAuthority } from '../../../support/certificates.ts';

const ca = createAuthority('authority');
const pair = ca.issue('broker');

describe('what is said about security', () => {
  it('is nothing by default', () => {
    const { security, config } = resolveSecurity({}, { 'num.partitions': '3' });
    expect(security).toEqual({ protocol: 'PLAINTEXT', tls: undefined, sasl: undefined, authorization: undefined });
    expect(config).toEqual({ 'num.partitions': '3' });
  });

  it.each([
    [{ tls: pair }, 'SSL'],
    [{ sasl: { users: { a: 'b' } } }, 'SASL_PLAINTEXT'],
    [{ tls: pair, sasl: { users: { a: 'b' } } }, 'SASL_SSL'],
  ])('makes a protocol', (options, protocol) => {
    expect(resolveSecurity(options, {}).security.protocol).toBe(protocol);
  });

  it('can be said by the names of Kafka, and options go before', () => {
    const config = {
      'ssl.keystore.certificate.chain': pair.cert,
      'ssl.keystore.key': pair.key,
      'ssl.truststore.certificates': ca.cert,
      'ssl.client.auth': 'required',
      'sasl.enabled.mechanisms': 'SCRAM-SHA-512,PLAIN',
      'connections.max.reauth.ms': '5000',
      'authorizer.class.name': 'kafka.security.authorizer.AclAuthorizer',
      'super.users': 'User:admin; User:CN=x,O=y ;',
      'allow.everyone.if.no.acl.found': 'TRUE',
    };
    const by = resolveSecurity({ sasl: { users: { a: 'b' } } }, config);
    expect(by.security).toMatchObject({
      protocol: 'SASL_SSL',
      tls: { cert: pair.cert, key: pair.key, ca: ca.cert, clientAuth: 'required' },
      sasl: { mechanisms: ['SCRAM-SHA-512', 'PLAIN'], users: { a: 'b' } },
      authorization: { superUsers: ['User:admin', 'User:CN=x,O=y'], allowEveryoneIfNoAclFound: true },
    });
    const options = {
      tls: { ...pair, ca: ca.cert, clientAuth: 'requested' as const },
      sasl: { mechanisms: ['PLAIN' as const], users: { a: 'b' }, sessionLifetimeMs: 7000 },
      authorization: { superUsers: ['User:boss'], allowEveryoneIfNoAclFound: false },
    };
    expect(resolveSecurity(options, config).config).toMatchObject({
      'ssl.client.auth': 'requested',
      'sasl.enabled.mechanisms': 'PLAIN',
      'connections.max.reauth.ms': '7000',
      'super.users': 'User:boss',
      'allow.everyone.if.no.acl.found': 'false',
    });
  });

  it('goes to another thread as plain data', () => {
    const options = { tls: pair, sasl: { users: { a: 'b' } }, authorization: { superUsers: ['User:a'] } };
    const resolved = resolveSecurity(options, {});
    expect(structuredClone(resolved)).toEqual(resolved);
    expect(JSON.stringify(resolved.config)).not.toMatch(/PRIVATE|"b"/);
  });

  it.each([
    [{ sasl: {} }, { 'sasl.enabled.mechanisms': 'PLAIN' }, /sasl.users must name at least one user/],
    [{ sasl: { users: { a: 'b' } } }, { 'sasl.enabled.mechanisms': 'GSSAPI' }, /not 'GSSAPI'/],
    [{ sasl: { mechanisms: [], users: { a: 'b' } } }, {}, /sasl.mechanisms must name at least one/],
    [{ sasl: { users: { '': 'b' } } }, {}, /name that is empty/],
    [{ sasl: { users: { a: '' } } }, {}, /password that is empty/],
    [{ sasl: { users: { a: 'x\0y' } } }, {}, /NUL/],
    [{ sasl: { users: { a: 'b' }, sessionLifetimeMs: -1 } }, {}, /sessionLifetimeMs must be a whole number/],
    [{ authorization: { superUsers: ['admin'] } }, {}, /principals such as User:admin, not 'admin'/],
    [{}, { 'authorizer.class.name': 'com.example.Mine' }, /there are no plug-ins/],
    [{}, { 'ssl.keystore.key': pair.key }, /tls.cert must be/],
  ])('is refused when it makes no sense', (options, config, message) => {
    expect(() => resolveSecurity(options, config)).toThrow(message);
  });
});
