/**
 * What @confluentinc/kafka-javascript does that one would not expect, and that the librdkafka transport is built around.
 * A failure after an upgrade means that the binding has changed: look at src/transport/librdkafka, then change the test.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Broker } from '../../src/broker/index.ts';
import type { NativeConsumer, NativeHeader, NativeMessage, NativeProducer } from '../../src/transport/librdkafka/native.ts';

type Config = Record<string, unknown>;

const kafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript') as {
  Producer: new (config: Config, topicConfig?: Config) => NativeProducer;
  KafkaConsumer: new (config: Config, topicConfig?: Config) => NativeConsumer;
};
let broker: Broker;
let names = 0;

beforeAll(async () => {
  broker = await Broker.start();
});
afterAll(() => broker.close());

const done = <T = unknown>(invoke: (callback: (error: unknown, result: T) => void) => void) =>
  new Promise<T>((resolve, reject) => {
    invoke((error, result) => (error ? reject(error) : resolve(result)));
  });

async function producer(config: Config = {}): Promise<NativeProducer> {
  const native = new kafka.Producer({ 'bootstrap.servers': broker.bootstrapServers, ...config });
  await done((callback) => native.connect({ timeout: 10_000 }, callback));
  native.setPollInBackground(true);
  onTestFinished(() => done((callback) => native.disconnect(callback)).then(() => {}));
  return native;
}

async function consumer(config: Config = {}, topicConfig?: Config): Promise<NativeConsumer> {
  const settings = { 'bootstrap.servers': broker.bootstrapServers, 'group.id': `quirks-${++names}`, 'enable.auto.commit': false };
  const native = new kafka.KafkaConsumer({ ...settings, 'fetch.wait.max.ms': 20, ...config }, topicConfig);
  await done((callback) => native.connect({ timeout: 10_000 }, callback));
  onTestFinished(() => done((callback) => native.disconnect(callback)).then(() => {}));
  return native;
}

type ProduceArguments = [value: Buffer | null, key?: Buffer | null, timestampMs?: number, opaque?: unknown, headers?: unknown];

/** Produces into a topic of its own what `records` says, and reads it back. */
async function roundTrip(...records: ProduceArguments[]): Promise<NativeMessage[]> {
  const topic = `quirk-${++names}`;
  const native = await producer();
  const produce = native.getClient().produce as (...args: unknown[]) => number;
  for (const [value, key = null, timestampMs = 1, opaque, headers] of records) {
    try {
      produce.call(native.getClient(), topic, 0, value, key, timestampMs, opaque, headers);
    } catch {
      // judged by what arrives
    }
  }
  await done((callback) => native.flush(10_000, callback));
  return readAll(topic, records.length);
}

async function readAll(topic: string, count: number, native?: NativeConsumer): Promise<NativeMessage[]> {
  const reader = native ?? (await consumer());
  reader.assign([{ topic, partition: 0, offset: 0 }]);
  const messages: NativeMessage[] = [];
  for (let attempt = 0; attempt < 300 && messages.length < count; attempt++) {
    messages.push(...(await done<NativeMessage[]>((callback) => reader.getClient().consume(50, 1000, true, callback))));
  }
  return messages;
}

interface ChildResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

/** Runs a script in a process of its own; what it does to that process is the result. */
function child(script: string, env: Record<string, string> = {}): Promise<ChildResult> {
  const prelude = `
    const kafka = require('@confluentinc/kafka-javascript');
    const bootstrap = ${JSON.stringify(broker.bootstrapServers)};
    const connect = (client) => new Promise((resolve, reject) => client.connect({ timeout: 10000 }, (e) => e ? reject(e) : resolve(client)));
    const consumer = (config) => connect(new kafka.KafkaConsumer({ 'bootstrap.servers': bootstrap, 'group.id': 'child' + process.pid, 'fetch.wait.max.ms': 20, ...config }));
    const producer = (config) => connect(new kafka.Producer({ 'bootstrap.servers': bootstrap, ...config }));
    const done = (invoke) => new Promise((resolve, reject) => invoke((e, r) => e ? reject(e) : resolve(r)));
    setTimeout(() => process.exit(99), 20000).unref();`;
  return runNode(`${prelude}\n(async () => {${script}})().catch((e) => { console.log(e.message); process.exit(1); });`, env);
}

function runNode(source: string, env: Record<string, string> = {}): Promise<ChildResult> {
  const running = spawn(process.execPath, ['-e', source], { cwd: new URL('../..', import.meta.url), env: { ...process.env, ...env } });
  let output = '';
  running.stdout.on('data', (chunk) => {
    output += chunk;
  });
  running.stderr.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve) => running.on('close', (code, signal) => resolve({ code, signal, output })));
}

test('an empty buffer arrives as null, an empty view of another buffer as empty', async () => {
  const view = Buffer.from('x').subarray(1);
  const messages = await roundTrip([Buffer.alloc(0), Buffer.alloc(0)], [Buffer.from(''), null], [view, view]);
  expect(messages.map(({ key, value }) => [key?.length ?? null, value?.length ?? null])).toEqual([
    [null, null],
    [null, null],
    [0, 0],
  ]);
});

test('a header with a null value throws, and the record is sent without headers all the same', async () => {
  const messages = await roundTrip([Buffer.from('v'), null, 1, undefined, [{ a: null }]]);
  expect(messages).toHaveLength(1);
  expect(messages[0]?.headers ?? []).toEqual([]);
});

test('of a header object with two properties only the first is sent; an empty value comes back as empty', async () => {
  const [two, empty] = await roundTrip(
    [Buffer.from('v'), null, 1, undefined, [{ a: Buffer.from('1'), b: Buffer.from('2') }]],
    [Buffer.from('v'), null, 1, undefined, [{ a: Buffer.from('x').subarray(1) }]],
  );
  const names = (headers: readonly NativeHeader[] | undefined) => headers?.map((header) => Object.keys(header).join());
  expect(names(two?.headers)).toEqual(['a']);
  expect(empty?.headers?.[0]?.['a']).toEqual(Buffer.alloc(0));
});

test('repeated headers are kept, in order', async () => {
  const [message] = await roundTrip([Buffer.from('v'), null, 1, undefined, [{ a: Buffer.from('1') }, { a: Buffer.from('2') }]]);
  expect(message?.headers?.map((header) => String(header['a']))).toEqual(['1', '2']);
});

test('timestamp 0 means now', async () => {
  const [zero, one] = await roundTrip([Buffer.from('v'), null, 0], [Buffer.from('v'), null, 1]);
  expect(zero?.timestamp).toBeGreaterThan(1_500_000_000_000);
  expect(one?.timestamp).toBe(1);
});

test('an opaque other than undefined, even null, is kept for ever where no reports are delivered', async () => {
  const script = (opaque: string) => `
    const p = await producer({ 'queue.buffering.max.messages': 200000 });
    p.setPollInBackground(true);
    const before = require('v8').getHeapStatistics().used_global_handles_size;
    for (let i = 0; i < 10000; i++) p.getClient().produce('opaque', 0, Buffer.from('v'), null, 1, ${opaque}, undefined);
    await done((cb) => p.flush(10000, cb));
    console.log('kept ' + (require('v8').getHeapStatistics().used_global_handles_size - before));
    process.exit(0);`;
  const kept = async (opaque: string) => Number(/kept (-?\d+)/.exec((await child(script(opaque))).output)?.[1]);
  expect(await kept('null')).toBeGreaterThan(10_000 * 16);
  expect(await kept('undefined')).toBeLessThan(10_000);
});

test('topic settings among the client settings are ignored as soon as there is a second argument', async () => {
  const topic = `quirk-${++names}`;
  const native = await producer();
  for (let index = 0; index < 5; index++) native.getClient().produce(topic, 0, Buffer.from('v'), null, 1, undefined, undefined);
  await done((callback) => native.flush(10_000, callback));
  const beyond = async (topicConfig?: Config) => {
    const reader = await consumer({ 'auto.offset.reset': 'earliest' }, topicConfig);
    reader.assign([{ topic, partition: 0, offset: 1_000 }]);
    const messages: NativeMessage[] = [];
    for (let attempt = 0; attempt < 40 && messages.length === 0; attempt++) {
      messages.push(...(await done<NativeMessage[]>((callback) => reader.getClient().consume(50, 100, true, callback))));
    }
    return messages.length;
  };
  expect(await beyond()).toBe(5);
  expect(await beyond({})).toBe(0); // librdkafka's default, latest
});

test('with reports of errors only, a record that is taken causes none and one that is refused causes one', async () => {
  const native = await producer({ dr_cb: true, 'delivery.report.only.error': true, 'message.timeout.ms': 1_000 });
  const reports: string[] = [];
  native.on('delivery-report', (_error, { topic }) => reports.push(topic));
  const topic = `quirk-${++names}`;
  native.getClient().produce(topic, 0, Buffer.from('v'), null, 1, undefined, undefined);
  native.getClient().produce(topic, 77, Buffer.from('no such partition'), null, 1, undefined, undefined);
  await done((callback) => native.flush(10_000, callback));
  await expect.poll(() => reports).toEqual([topic]);
});

test('a queue that nobody polls fills up even without reports; polled in the background it does not', async () => {
  const script = (background: boolean) => `
    const p = await producer({ 'queue.buffering.max.messages': 1000 });
    p.setPollInBackground(${background});
    let code = 0;
    for (let round = 0; round < 5 && code === 0; round++) {
      for (let i = 0; i < 400 && code === 0; i++) code = p.getClient().produce('polled', 0, Buffer.from('v'), null, 1, undefined, undefined);
      await new Promise((resolve) => setTimeout(resolve, 300)); // all are sent by now
    }
    console.log('code ' + code);
    process.exit(0);`;
  expect((await child(script(false))).output).toContain('code -184');
  expect((await child(script(true))).output).toContain('code 0');
});

test('waiting consumers take all threads of the pool: file access waits for one of them', async () => {
  const script = `
    const order = [];
    const consumers = await Promise.all([1, 2, 3, 4].map(() => consumer()));
    const waits = consumers.map((c) => done((cb) => c.getClient().consume(700, 10, true, cb)).then(() => order.push('consume')));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await require('fs').promises.stat('.').then(() => order.push('stat'));
    await Promise.all(waits);
    console.log('first ' + order[0]);
    process.exit(0);`;
  expect((await child(script, { UV_THREADPOOL_SIZE: '4' })).output).toContain('first consume');
  expect((await child(script, { UV_THREADPOOL_SIZE: '16' })).output).toContain('first stat');
});

test('consume waits for the first message only, when told so', async () => {
  const topic = `quirk-${++names}`;
  const native = await producer();
  native.getClient().produce(topic, 0, Buffer.from('v'), null, 1, undefined, undefined);
  await done((callback) => native.flush(10_000, callback));
  const order: string[] = [];
  const consume = async (onlyFirst: boolean) => {
    const reader = await consumer();
    expect(await readAll(topic, 1, reader)).toHaveLength(1);
    reader.assign([{ topic, partition: 0, offset: 0 }]);
    const messages = await done<NativeMessage[]>((callback) => reader.getClient().consume(2_000, 10, onlyFirst, callback));
    order.push(`${onlyFirst ? 'first only' : 'each'}: ${messages.length}`);
  };
  await Promise.all([consume(false), consume(true)]);
  expect(order).toEqual(['first only: 1', 'each: 1']);
});

test('the end of a partition is told with the offset past markers, beside the messages', async () => {
  const topic = `quirk-${++names}`;
  const native = await producer({ 'transactional.id': topic });
  await done((callback) => native.initTransactions(10_000, callback));
  await done((callback) => native.beginTransaction(callback));
  native.getClient().produce(topic, 0, Buffer.from('v'), null, 1, undefined, undefined);
  await done((callback) => native.commitTransaction(10_000, callback));
  const reader = await consumer({ 'enable.partition.eof': true });
  reader.assign([{ topic, partition: 0, offset: 0 }]);
  const ends: number[] = [];
  for (let attempt = 0; attempt < 200 && ends.length === 0; attempt++) {
    await new Promise((resolve) => {
      reader.getClient().consume(50, 100, true, (_error, _messages, events) => {
        ends.push(...events.map(({ offset }) => offset));
        resolve(undefined);
      });
    });
  }
  expect(ends[0]).toBe(2);
});

test('a transaction takes the offsets of a consumer that never joined its group', async () => {
  const topic = `quirk-${++names}`;
  const [native, reader] = [await producer({ 'transactional.id': topic }), await consumer()];
  await done((callback) => native.initTransactions(10_000, callback));
  await done((callback) => native.beginTransaction(callback));
  native.getClient().produce(topic, 0, Buffer.from('v'), null, 1, undefined, undefined);
  await done((callback) => native.sendOffsetsToTransaction([{ topic, partition: 0, offset: 1 }], reader, 10_000, callback));
  await done((callback) => native.commitTransaction(10_000, callback));
});

test('a missing offset is committed as 0', async () => {
  const topic = `quirk-${++names}`;
  const [native, reader] = [await producer(), await consumer()];
  native.getClient().produce(topic, 0, Buffer.from('v'), null, 1, undefined, undefined);
  await done((callback) => native.flush(10_000, callback));
  await done((callback) => reader.commitCb([{ topic, partition: 0 }], callback));
  const stored = await done<{ offset?: number }[]>((callback) => reader.committed([{ topic, partition: 0 }], 5_000, callback));
  expect(stored[0]?.offset).toBe(0);
});

test('offsets of a disconnected consumer in a transaction crash the process', async () => {
  const { code, signal } = await child(`
    const p = await producer({ 'transactional.id': 'crash' + process.pid });
    const c = await consumer();
    await done((cb) => p.initTransactions(10000, cb));
    await done((cb) => p.beginTransaction(cb));
    p.produce('crash', 0, Buffer.from('v'));
    await done((cb) => c.disconnect(cb));
    await done((cb) => p.sendOffsetsToTransaction([{ topic: 'crash', partition: 0, offset: 1 }], c, 5000, cb)).catch(() => {});
    console.log('survived');
    process.exit(0);`);
  expect(signal ?? code).toBe('SIGSEGV');
});

test('disconnecting with a consume(n) under way is clean', async () => {
  const { code, output } = await child(`
    const c = await consumer();
    c.assign([{ topic: 'quiet', partition: 0, offset: 0 }]);
    const under = done((cb) => c.getClient().consume(500, 100, true, cb)).catch(() => {});
    await done((cb) => c.disconnect(cb));
    await under;
    console.log('clean');
    process.exit(0);`);
  expect(output).toContain('clean');
  expect(code).toBe(0);
});

test('flowing consumption crashes when it is disconnected from its own message', async () => {
  const { signal } = await child(`
    const p = await producer();
    p.setPollInBackground(true);
    for (let i = 0; i < 20000; i++) p.getClient().produce('flowing', 0, Buffer.alloc(100), null, 1, undefined, undefined);
    await done((cb) => p.flush(10000, cb));
    const c = await consumer({ 'auto.offset.reset': 'earliest' });
    c.assign([{ topic: 'flowing', partition: 0, offset: 0 }]);
    let count = 0;
    c.on('data', () => { if (++count === 1000) c.disconnect(() => setTimeout(() => process.exit(0), 500)); });
    c.consume();
    await new Promise(() => {});`);
  expect(signal).toBe('SIGSEGV');
});

test('loaded in the main thread, it does not load in a worker', async () => {
  const { code, output } = await child(`
    const worker = new (require('worker_threads').Worker)("require('@confluentinc/kafka-javascript')", { eval: true });
    worker.on('error', (e) => { console.log('refused: ' + e.message); process.exit(0); });
    worker.on('exit', () => process.exit(3));`);
  expect(output).toMatch(/refused: .*did not self-register/);
  expect(code).toBe(0);
});

test('loaded in a worker alone, it takes the process down with its first event', async () => {
  const worker = `
    const kafka = require('@confluentinc/kafka-javascript');
    const c = new kafka.KafkaConsumer({ 'bootstrap.servers': '127.0.0.1:1', 'group.id': 'w', event_cb: true });
    c.on('event.error', () => {});
    c.connect({ timeout: 2000 }, () => setTimeout(() => {}, 1000));`;
  const main = `new (require('worker_threads').Worker)(${JSON.stringify(worker)}, { eval: true }).on('error', () => {});`;
  const { signal } = await runNode(main);
  expect(signal).toBe('SIGABRT');
});
