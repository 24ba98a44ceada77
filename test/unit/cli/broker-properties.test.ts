import { describe, expect, it } from 'vitest';
import { readServerProperties } from '../../../src/cli/broker-properties.ts';

describe('a server.properties', () => {
  it('gives host, port, directory and configs; what has no effect here is named', () => {
    const read = readServerProperties({
      'process.roles': 'broker,controller',
      'node.id': '1',
      listeners: 'CONTROLLER://:9093,PLAINTEXT://:9092',
      'advertised.listeners': 'PLAINTEXT://kafka.example:9092',
      'controller.listener.names': 'CONTROLLER',
      'log.dirs': '/data/a,/data/b',
      'num.partitions': '3',
      'log.retention.hours': '1',
      'num.network.threads': '3',
      'replica.fetch.wait.max.ms': '500',
    });
    expect(read).toMatchObject({ host: '0.0.0.0', port: 9092, advertisedHost: 'kafka.example', dataDir: '/data/a', security: {} });
    expect(read.config).toEqual({ 'num.partitions': '3', 'log.retention.hours': '1' });
    expect([...read.unused].sort()).toEqual([
      'controller.listener.names',
      'log.dirs (all but the first)',
      'node.id',
      'num.network.threads',
      'process.roles',
      'replica.fetch.wait.max.ms',
    ]);
  });

  it('has TLS and logins where the protocol of the listener says so, and not otherwise', () => {
    const keys = {
      'ssl.keystore.certificate.chain': 'CERT',
      'ssl.keystore.key': 'KEY',
      'ssl.client.auth': 'required',
      'ssl.truststore.certificates': 'CA',
    };
    const jaas = {
      'sasl.enabled.mechanisms': 'PLAIN, SCRAM-SHA-256',
      'sasl.jaas.config': 'x.PlainLoginModule required user_bob="b" user_al="a b";',
    };
    const security = (protocol: string) =>
      readServerProperties({ listeners: 'OUT://localhost:1', 'listener.security.protocol.map': `OUT:${protocol}`, ...keys, ...jaas })
        .security;
    const tls = { cert: 'CERT', key: 'KEY', ca: 'CA', clientAuth: 'required' };
    const sasl = { users: { bob: 'b', al: 'a b' }, mechanisms: ['PLAIN', 'SCRAM-SHA-256'] };
    expect(security('PLAINTEXT')).toEqual({});
    expect(security('SSL')).toEqual({ tls });
    expect(security('SASL_PLAINTEXT')).toEqual({ sasl });
    expect(security('SASL_SSL')).toEqual({ tls, sasl });
  });

  it('is refused when it would leave out what it asks for', () => {
    const ssl = { listeners: 'SSL://localhost:9093' };
    expect(() => readServerProperties(ssl)).toThrow(/certificate.*ssl\.keystore\.type=PEM/);
    expect(() => readServerProperties({ ...ssl, 'ssl.keystore.location': '/a.jks' })).toThrow(/Java key store/);
    expect(() => readServerProperties({ listeners: 'localhost:9092' })).toThrow(/PLAINTEXT:\/\/localhost:9092/);
  });
});
