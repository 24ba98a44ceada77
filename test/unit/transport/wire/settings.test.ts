import { describe, expect, it } from 'vitest';
import type { TransportOptions } from '../../../../src/transport/transport.ts';
import { adminSettings, consumerSettings, producerSettings } from '../../../../src/transport/wire/settings.ts';

function options(changes: Partial<TransportOptions> = {}): TransportOptions {
  return {
    bootstrapServers: 'h:1',
    clientId: 'app',
    groupId: 'g',
    transactionalId: undefined,
    transactionTimeoutMs: 10_000,
    autoOffsetReset: 'earliest',
    consumerConfig: {},
    producerConfig: {},
    adminConfig: {},
    onError: () => undefined,
    onLog: () => undefined,
    ...changes,
  };
}
const consumer = (consumerConfig: TransportOptions['consumerConfig'], changes = {}) =>
  consumerSettings(options({ consumerConfig, ...changes }));
const producer = (producerConfig: TransportOptions['producerConfig'], changes = {}) =>
  producerSettings(options({ producerConfig, ...changes }));

describe('client settings of the wire transport', () => {
  it('are taken by Kafka names and by those of librdkafka', () => {
    expect(consumer({ 'fetch.max.wait.ms': 7, 'session.timeout.ms': 6000, 'max.poll.records': 9, 'client.rack': 'r' })).toMatchObject({
      fetcher: { maxWaitMs: 7, rackId: 'r' },
      member: { sessionTimeoutMs: 6000, rackId: 'r' },
      maxPollRecords: 9,
    });
    expect(consumer({ 'fetch.wait.max.ms': 8, 'queued.max.messages.kbytes': 2 }).fetcher).toMatchObject({
      maxWaitMs: 8,
      maxBufferedBytes: 2048,
    });
    expect(producer({ 'message.max.bytes': 500, 'compression.codec': 'lz4' })).toMatchObject({
      producer: { maxRequestBytes: 500 },
      compression: 'lz4',
    });
    expect(adminSettings(options({ adminConfig: { 'request.timeout.ms': 5 } }))).toMatchObject({
      clientId: 'app-admin',
      requestTimeoutMs: 5,
    });
  });

  it('read what is committed when processing exactly once', () => {
    expect(consumer({}).fetcher.readCommitted).toBe(false);
    expect(consumer({}, { transactionalId: 'x' }).fetcher.readCommitted).toBe(true);
    expect(consumer({ 'isolation.level': 'read_committed' }).fetcher.readCommitted).toBe(true);
  });

  it('pass over what means nothing here', () => {
    expect(producer({ 'linger.ms': 100, 'batch.size': 1 }).compression).toBe('none');
  });

  it.each<[() => unknown, RegExp]>([
    [() => consumer({ 'fetch.mix.bytes': 1 }), /no consumer setting "fetch\.mix\.bytes"/],
    [() => consumer({ 'enable.auto.commit': true }), /"enable\.auto\.commit" is set by Millrace itself/],
    [() => producer({ acks: 0 }), /"acks" is set by Millrace itself/],
    [() => producer({ 'compression.type': 'brotli' }), /"compression\.type" must be one of none, gzip/],
    [() => consumer({ 'session.timeout.ms': 'long' }), /"session\.timeout\.ms" must be a whole number/],
    [() => consumer({ 'auto.offset.reset': 'middle' }), /"auto\.offset\.reset" must be earliest, latest or none/],
    [() => adminSettings(options({ adminConfig: { 'group.id': 'x' } })), /"group\.id" is set by Millrace itself/],
  ])('are refused where they cannot be followed (%#)', (make, message) => {
    expect(make).toThrow(message);
  });
});
