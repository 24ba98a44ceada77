import { expect, test } from 'vitest';
import { consumerSettings, maxPollRecords, producerSettings, readerSettings } from '../../../../src/transport/librdkafka/settings.ts';
import type { TransportOptions } from '../../../../src/transport/transport.ts';

function options(changes: Partial<TransportOptions> = {}): TransportOptions {
  return {
    bootstrapServers: 'b:1',
    clientId: 'c',
    groupId: 'g',
    transactionalId: undefined,
    transactionTimeoutMs: 10_000,
    autoOffsetReset: 'none',
    consumerConfig: {},
    producerConfig: {},
    adminConfig: {},
    onError: () => {},
    onLog: () => {},
    ...changes,
  };
}

test('isolation follows the guarantee, as in Kafka Streams; a reader is always read_committed', () => {
  expect(consumerSettings(options())['isolation.level']).toBe('read_uncommitted');
  expect(consumerSettings(options({ transactionalId: 't' }))['isolation.level']).toBe('read_committed');
  expect(readerSettings(options({ consumerConfig: { 'isolation.level': 'read_uncommitted' } }), 'restore')['isolation.level']).toBe(
    'read_committed',
  );
});

test("names of the Java clients are librdkafka's own where they differ", () => {
  const consumerConfig = { 'fetch.max.wait.ms': 20, 'max.poll.records': 77 };
  const settings = consumerSettings(options({ consumerConfig }));
  expect(settings).toMatchObject({ 'fetch.wait.max.ms': 20, 'auto.offset.reset': 'error' });
  expect(settings).not.toHaveProperty(['max.poll.records']);
  expect(maxPollRecords(options({ consumerConfig }))).toBe(77);
});

test('settings that the guarantees rest on are refused, not ignored', () => {
  expect(() => consumerSettings(options({ consumerConfig: { 'enable.auto.commit': true } }))).toThrow(
    /"enable.auto.commit" is set by Millrace/,
  );
  expect(() => producerSettings(options({ producerConfig: { 'enable.idempotence': false } }))).toThrow(/"enable.idempotence"/);
});

test('delivery reports only without transactions, and only of errors', () => {
  expect(producerSettings(options())).toMatchObject({ dr_cb: true, 'delivery.report.only.error': true, 'enable.idempotence': true });
  expect(producerSettings(options({ transactionalId: 't' }))).not.toHaveProperty('dr_cb');
});
