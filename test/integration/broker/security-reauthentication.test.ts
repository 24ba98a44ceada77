import { createRequire } from 'node:module';
import type * as Confluent from '@confluentinc/kafka-javascript';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import type { BrokerLogger } from '../../../src/broker/logger.ts';

const confluent = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as typeof Confluent;

/** Short for a test, long enough for clients on a busy machine to be in time. */
const SESSION_LIFETIME_MS = 5000;
const LOGINS = 3;

const lines: string[] = [];
const log: BrokerLogger = {
  debug: (message) => lines.push(message),
  info: () => undefined,
  warn: (message) => lines.push(message),
  error: (message) => lines.push(message),
};

let broker: Broker;

beforeAll(async () => {
  const sasl = { users: { alice: 'alice-secret' }, sessionLifetimeMs: SESSION_LIFETIME_MS };
  broker = await Broker.start({ thread: false, log, sasl, topics: [{ name: 'orders' }] });
});

beforeEach(() => {
  lines.length = 0;
});

afterAll(() => broker.close());

/** Logins of the connection that has most of them. */
function mostLogins(): number {
  const byConnection = new Map<string, number>();
  for (const line of lines) {
    const id = /^Connection (\S+) .* has logged in by/.exec(line)?.[1];
    if (id !== undefined) byConnection.set(id, (byConnection.get(id) ?? 0) + 1);
  }
  return Math.max(0, ...byConnection.values());
}

/** Sends until a connection has logged in several times; each send must succeed. */
async function sendThroughLogins(send: (value: string) => Promise<unknown>): Promise<void> {
  for (let sent = 0; mostLogins() < LOGINS; sent++) {
    await send(String(sent));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('a client logs in again on its connection before its session ends (KIP-368)', () => {
  it.each(['plain', 'scram-sha-256'] as const)('kafkajs by %s', async (mechanism) => {
    const kafka = new Kafka({
      brokers: [broker.bootstrapServers],
      sasl: { mechanism, username: 'alice', password: 'alice-secret' } as never,
      reauthenticationThreshold: 3000,
      logLevel: logLevel.NOTHING,
    });
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    await sendThroughLogins((value) => producer.send({ topic: 'orders', messages: [{ value }] }));
    await producer.disconnect();
    expect(mostLogins()).toBeGreaterThanOrEqual(LOGINS);
  });

  it.each(['PLAIN', 'SCRAM-SHA-512'])('librdkafka by %s', async (mechanism) => {
    const producer = new confluent.Producer({
      'bootstrap.servers': broker.bootstrapServers,
      'security.protocol': 'sasl_plaintext',
      'sasl.mechanisms': mechanism,
      'sasl.username': 'alice',
      'sasl.password': 'alice-secret',
      dr_cb: true,
    });
    await new Promise<void>((resolve, reject) => {
      producer.connect({ timeout: 10_000 }, (error) => (error ? reject(error) : resolve()));
    });
    producer.setPollInterval(20);
    await sendThroughLogins(
      (value) =>
        new Promise((resolve, reject) => {
          producer.once('delivery-report', (error, report) => (error ? reject(error) : resolve(report.offset)));
          producer.produce('orders', null, Buffer.from(value));
        }),
    );
    await new Promise<void>((resolve) => producer.disconnect(() => resolve()));
    expect(mostLogins()).toBeGreaterThanOrEqual(LOGINS);
  });
});
