import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOptionsFromKafkaConfig, type KafkaConfig, parseAddresses } from '../../../src/client/index.ts';
import { resolveClientOptions } from '../../../src/client/options.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-client-'));
  for (const name of ['ca', 'cert', 'key']) writeFileSync(join(directory, name), `the ${name}`);
});
afterAll(() => rmSync(directory, { recursive: true }));

const optionsOf = (config: KafkaConfig) => clientOptionsFromKafkaConfig({ 'bootstrap.servers': 'h:1', ...config }).options;

describe('a configuration by Kafka names', () => {
  it('becomes client options, and what is left over is named', () => {
    const { options, unused } = clientOptionsFromKafkaConfig({
      'bootstrap.servers': 'h:1',
      'client.id': 'me',
      'request.timeout.ms': '1234',
      'retry.backoff.ms': 7,
      acks: 'all',
      'group.id': 'g',
    });
    expect(options).toEqual({ bootstrapServers: 'h:1', clientId: 'me', requestTimeoutMs: 1234, retryBackoffMs: 7 });
    expect(unused).toEqual(['acks', 'group.id']);
  });

  it('reads certificates from files', () => {
    const config: KafkaConfig = {
      'security.protocol': 'SSL',
      'ssl.ca.location': join(directory, 'ca'),
      'ssl.certificate.location': join(directory, 'cert'),
      'ssl.key.location': join(directory, 'key'),
      'ssl.endpoint.identification.algorithm': '',
    };
    expect(optionsOf(config)).toMatchObject({
      securityProtocol: 'ssl',
      tls: { ca: 'the ca', cert: 'the cert', key: 'the key', verifyHostName: false },
    });
  });

  it('reads stores in PEM, and says what to do with others', () => {
    const store = { 'security.protocol': 'SSL', 'ssl.truststore.location': join(directory, 'ca') };
    expect(optionsOf({ ...store, 'ssl.truststore.type': 'PEM' }).tls).toEqual({ ca: 'the ca' });
    expect(() => optionsOf(store)).toThrow(/only stores in PEM.*ssl\.ca\.location/);
  });

  it.each([
    ['org.apache.kafka.common.security.plain.PlainLoginModule required username="ann" password="p\\"w";', 'p"w'],
    ["org.apache.kafka.common.security.scram.ScramLoginModule required username='ann' password='a b';", 'a b'],
    ['x required\n  password=plain\n  username=ann;', 'plain'],
  ])('takes a login from %s', (jaas, password) => {
    const { sasl } = optionsOf({ 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'SCRAM-SHA-256', 'sasl.jaas.config': jaas });
    expect(sasl).toEqual({ mechanism: 'SCRAM-SHA-256', username: 'ann', password });
  });

  it('takes a login by the names of librdkafka', () => {
    const config = { 'security.protocol': 'sasl_ssl', 'sasl.mechanisms': 'PLAIN', 'sasl.username': 'ann', 'sasl.password': 'pw' };
    expect(optionsOf(config)).toMatchObject({ sasl: { mechanism: 'PLAIN', username: 'ann', password: 'pw' }, tls: {} });
  });

  it.each<[KafkaConfig, RegExp]>([
    [{ 'bootstrap.servers': '' }, /bootstrap\.servers is missing/],
    [{ 'security.protocol': 'KERBEROS' }, /security\.protocol must be one of/],
    [{ 'request.timeout.ms': 'soon' }, /request\.timeout\.ms must be a whole number/],
    [{ 'sasl.mechanism': 'GSSAPI', 'sasl.username': 'a', 'sasl.password': 'b' }, /sasl\.mechanism must be one of/],
    [{ 'sasl.username': 'a' }, /needs sasl\.username and sasl\.password/],
    [{ 'sasl.jaas.config': 'x required;' }, /has no username and password/],
    [{ 'ssl.ca.location': '/nowhere/ca.pem' }, /ssl\.ca\.location names a file that cannot be read/],
  ])('refuses %j', (config, message) => {
    expect(() => optionsOf(config)).toThrow(message);
  });
});

describe('client options', () => {
  it('have a security protocol that fits', () => {
    const sasl = { mechanism: 'PLAIN', username: 'a', password: 'b' } as const;
    const resolved = (options: object) => resolveClientOptions({ bootstrapServers: 'h:1', ...options }).securityProtocol;
    expect(resolved({})).toBe('plaintext');
    expect(resolved({ sasl })).toBe('sasl_plaintext');
    expect(resolved({ sasl, tls: {} })).toBe('sasl_ssl');
    expect(() => resolved({ sasl, securityProtocol: 'ssl' })).toThrow(/must be sasl_plaintext or sasl_ssl/);
    expect(() => resolved({ securityProtocol: 'sasl_ssl' })).toThrow(/needs sasl\.mechanism/);
    expect(() => resolved({ tls: {}, securityProtocol: 'plaintext' })).toThrow(/must be ssl or sasl_ssl/);
  });

  it('have durations that timers can hold', () => {
    expect(() => resolveClientOptions({ bootstrapServers: 'h:1', requestTimeoutMs: 2 ** 31 })).toThrow(/requestTimeoutMs must be/);
  });
});

describe('addresses', () => {
  it.each([
    ['a:1', [{ host: 'a', port: 1 }]],
    [
      ' a:1 , b:2,',
      [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
    ],
    ['[::1]:9092', [{ host: '::1', port: 9092 }]],
    ['SASL_SSL://kafka.example.org:9093', [{ host: 'kafka.example.org', port: 9093 }]],
  ])('%s can be read', (text, addresses) => {
    expect(parseAddresses(text)).toEqual(addresses);
  });

  it.each(['', 'a', 'a:', 'a:0', 'a:65536', 'a:b', '::1:9092', 'http://a:1/x'])('"%s" cannot', (text) => {
    expect(() => parseAddresses(text)).toThrow(/is not host:port/);
  });
});
