import { describe, expect, it } from 'vitest';
import { type KafkaNamedConfig, options, type ResolvedConfig, resolveConfig } from '../../../src/config.ts';

const required = { applicationId: 'app', bootstrapServers: 'localhost:9092' };
const resolve = (config: KafkaNamedConfig = {}) => resolveConfig({ ...required, ...config });

/** By option: values that are fine, and values that are not. Every option must be here. */
const cases: Readonly<Record<keyof ResolvedConfig, { readonly good: readonly unknown[]; readonly bad: readonly unknown[] }>> = {
  applicationId: { good: ['a', 'a.B_c-9', 'x'.repeat(200)], bad: ['', 'a b', 'x'.repeat(201), 'ä', 5] },
  bootstrapServers: { good: ['h:1', 'a:1,b:2', 'a:1, b:2', '[::1]:9092'], bad: ['', 'host', 'a:1,b', 'a:1,,b:2', ':9092', 7] },
  clientId: { good: ['', 'me'], bad: [5] },
  numStreamThreads: { good: [1, 256], bad: [0, 257, 1.5, '2'] },
  processingGuarantee: { good: ['at_least_once', 'at_most_once', 'exactly_once_v2'], bad: ['exactly_once', '', null] },
  commitIntervalMs: { good: [1, 30_000], bad: [0, -1, 1.5, '100', 2 ** 31] },
  pollMs: { good: [0, 10_000], bad: [-1, 10_001] },
  maxPollRecords: { good: [1, 100_000], bad: [0, 100_001] },
  bufferedRecordsPerPartition: { good: [1], bad: [0] },
  inputBufferMaxBytes: { good: [1024], bad: [1023] },
  outputBufferMaxBytes: { good: [1024], bad: [1023] },
  maxTaskIdleMs: { good: [-1, 0, 5], bad: [-2] },
  taskTimeoutMs: { good: [0, 5], bad: [-1] },
  stateDir: { good: ['/x'], bad: ['', 5] },
  statestoreCacheMaxBytes: { good: [0, 5], bad: [-1, Number.NaN] },
  replicationFactor: { good: [-1, 3], bad: [-2, 32_768] },
  autoOffsetReset: { good: ['earliest', 'latest', 'none'], bad: ['first'] },
  transactionTimeoutMs: { good: [1_000, 900_000], bad: [999, 900_001] },
  repartitionPurgeIntervalMs: { good: [1], bad: [0] },
  windowstoreChangelogAdditionalRetentionMs: { good: [0], bad: [-1] },
  requestTimeoutMs: { good: [100], bad: [99] },
  rebalanceDrainTimeoutMs: { good: [0], bad: [-1] },
  deserializationExceptionHandler: { good: ['fail', 'continue'], bad: ['ignore', () => 'fail'] },
  processingExceptionHandler: { good: ['fail', 'continue'], bad: ['ignore'] },
  productionExceptionHandler: { good: ['fail', 'continue'], bad: ['retry'] },
  deadLetterTopic: { good: ['letters'], bad: ['', 5] },
  transport: { good: ['librdkafka'], bad: ['carrier-pigeon'] },
  maxThreadRestarts: { good: [0], bad: [-1] },
  consumer: { good: [{}, { 'fetch.min.bytes': 1 }], bad: [null, [], 'x', { a: null }, { a: {} }] },
  producer: { good: [{ 'linger.ms': 5 }], bad: [null, 5] },
  admin: { good: [{}], bad: [[]] },
  topic: { good: [{ 'segment.ms': '5' }], bad: [null] },
  app: { good: [{ anything: [1] }], bad: [null, { f: () => 1 }] },
};

describe('resolveConfig', () => {
  it('knows a case for every option', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(options).sort());
  });

  const good = Object.entries(cases).flatMap(([name, { good: values }]) => values.map((value) => [name, value] as const));
  const bad = Object.entries(cases).flatMap(([name, { bad: values }]) => values.map((value) => [name, value] as const));

  it.each(good)('%s may be %j', (name, value) => {
    expect(resolve({ [name]: value })[name as keyof ResolvedConfig]).toEqual(value);
  });

  it.each(bad)('%s may not be %j, and the message names both of its names', (name, value) => {
    const { kafkaName } = options[name as keyof ResolvedConfig];
    expect(() => resolve({ [name]: value })).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIG',
        message: expect.stringContaining(`Option ${name} ("${kafkaName}") `),
        context: { option: name },
      }),
    );
  });

  it.each(Object.entries(options).map(([name, { kafkaName }]) => [name, kafkaName] as const))(
    "%s may be given by Kafka's name %s",
    (name, kafkaName) => {
      const [value] = cases[name as keyof ResolvedConfig].good;
      const { [name as 'applicationId']: _, ...others } = required as Record<string, string>;
      expect(resolveConfig({ ...others, [kafkaName]: value })[name as keyof ResolvedConfig]).toEqual(value);
    },
  );

  it('applies the defaults', () => {
    expect(resolve()).toMatchObject({
      processingGuarantee: 'at_least_once',
      numStreamThreads: 1,
      commitIntervalMs: 30_000,
      autoOffsetReset: 'earliest',
      replicationFactor: -1,
      maxTaskIdleMs: 0,
      transactionTimeoutMs: 10_000,
    });
    expect(resolve({ processingGuarantee: 'exactly_once_v2' }).commitIntervalMs).toBe(100);
    expect(resolve({ processingGuarantee: 'exactly_once_v2', commitIntervalMs: 50 }).commitIntervalMs).toBe(50);
    expect(resolve({ numStreamThreads: undefined }).numStreamThreads).toBe(1);
  });

  it.each([
    ['applicationId', 'application.id'],
    ['bootstrapServers', 'bootstrap.servers'],
  ])('says that %s is missing', (name, kafkaName) => {
    const { [name as 'applicationId']: _, ...others } = required as Record<string, string>;
    expect(() => resolveConfig(others)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', message: expect.stringContaining(`Option ${name} ("${kafkaName}") is missing`) }),
    );
  });

  it.each([
    ['commit.intervall.ms', 'commitIntervalMs'],
    ['numStreamThread', 'numStreamThreads'],
    ['processingguarantee', 'processingGuarantee'],
    ['bootstrapServer', 'bootstrapServers'],
  ])('suggests a name for %s', (given, name) => {
    expect(() => resolve({ [given]: 1 })).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIG',
        message: expect.stringContaining(`Unknown option "${given}". Did you mean "${name}"`),
      }),
    );
  });

  it.each(['toString', 'constructor', '__proto__x'])('does not take %s for an option', (given) => {
    expect(() => resolve({ [given]: 1 })).toThrow(/Unknown option/);
  });

  it('hands topic configs on as text', () => {
    expect(resolve({ topic: { 'segment.ms': 5, 'compression.type': 'zstd', preallocate: true } }).topic).toEqual({
      'segment.ms': '5',
      'compression.type': 'zstd',
      preallocate: 'true',
    });
  });

  it('tells where settings of clients and of the application go', () => {
    expect(() => resolve({ 'zzz.unheard.of': 1 })).toThrow(/go under consumer, producer or admin; your own under app/);
  });

  it("takes Kafka's prefixes, together with the objects", () => {
    const config = resolve({
      consumer: { 'fetch.min.bytes': 1 },
      'consumer.fetch.max.wait.ms': 2,
      'producer.linger.ms': 3,
      'topic.segment.ms': '4',
      'app.mine': 5,
      'admin.x': 6,
    });
    expect(config.consumer).toEqual({ 'fetch.min.bytes': 1, 'fetch.max.wait.ms': 2 });
    expect(config.producer).toEqual({ 'linger.ms': 3 });
    expect(config.topic).toEqual({ 'segment.ms': '4' });
    expect(config.app).toEqual({ mine: 5 });
    expect(config.admin).toEqual({ x: 6 });
  });

  it('refuses transactions that would time out before they are committed', () => {
    const given = { transactionTimeoutMs: 1_000, commitIntervalMs: 1_001 };
    expect(() => resolve({ ...given, processingGuarantee: 'exactly_once_v2' })).toThrow(
      /transaction\.timeout\.ms.*must not be below commitIntervalMs = 1001/,
    );
    expect(resolve(given).transactionTimeoutMs).toBe(1_000);
  });

  it.each(['deserialization', 'processing', 'production'])('wants a topic for the dead letters of the %s handler', (what) => {
    const given = { [`${what}ExceptionHandler`]: 'dead-letter' };
    expect(() => resolve(given)).toThrow(/errors\.dead\.letter\.queue\.topic\.name/);
    expect(resolve({ ...given, deadLetterTopic: 'letters' }).deadLetterTopic).toBe('letters');
  });

  it('says of each option what it is for', () => {
    for (const option of Object.values(options)) expect(option.doc).toMatch(/^.{10,}$/);
  });
});
