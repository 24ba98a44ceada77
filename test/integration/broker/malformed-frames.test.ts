import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import type { BrokerLogger } from '../../../src/broker/logger.ts';
import { type Api, allApis, ErrorCode, encodeRequestFrame, Fetch, joinParts, Metadata, Produce } from '../../../src/protocol/index.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { batchOf, WireClient } from './wire-client.ts';

const warnings: string[] = [];
const errors: string[] = [];
const log: BrokerLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => warnings.push(message),
  error: (message) => errors.push(message),
};

let broker: Broker;
/** Must never notice what the others do. */
let bystander: WireClient;

beforeAll(async () => {
  broker = await Broker.start({
    thread: false,
    log,
    config: { 'socket.request.max.bytes': '1000000', 'queued.max.request.bytes': '2000000' },
  });
  bystander = await WireClient.connect(broker.port);
});

afterAll(async () => {
  await bystander.close();
  await broker.close();
});

async function bystanderIsServed(): Promise<void> {
  const response = await bystander.send(Metadata, 9, { topics: null });
  expect(response.brokers).toHaveLength(1);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** key, version, correlation id, client id, body; with its length. */
function request(key: number, version: number, body: Buffer): Buffer {
  const header = Buffer.alloc(10);
  header.writeInt16BE(key, 0);
  header.writeInt16BE(version, 2);
  header.writeInt32BE(1, 4);
  header.writeInt16BE(-1, 8);
  return Buffer.concat([int32(header.length + body.length), header, body]);
}

const valid = (api: Api, version: number, body: unknown): Buffer =>
  joinParts(encodeRequestFrame(api, version, { correlationId: 1, clientId: 'x' }, body as never));

describe('a connection is closed, with the reason logged, and others are unharmed', () => {
  it.each([
    ['a frame above the limit', int32(1_000_001), /1000001 bytes: the limit is 1000000/],
    ['a negative length', int32(-1), /-1 bytes/],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), /the limit is/],
    ['TLS', Buffer.from('1603010200010001fc0303', 'hex'), /the limit is/],
    ['a frame without a header', Buffer.concat([int32(3), Buffer.alloc(3)]), /RequestHeader/],
    ['an empty frame', int32(0), /RequestHeader/],
    ['a key nobody knows', request(999, 0, Buffer.alloc(0)), /key 999/],
    ['a key that is not served', request(71, 0, Buffer.alloc(8)), /key 71/],
    ['a version that is not served', request(3, 99, Buffer.alloc(8)), /Metadata request in version 99/],
    ['a negative version', request(1, -5, Buffer.alloc(8)), /Fetch request in version -5/],
    ['an array longer than the frame', request(3, 1, int32(0x7fffffff)), /an array of 2147483647/],
    ['a body that ends too early', request(1, 4, Buffer.alloc(5)), /FetchRequest v4/],
    ['a client id longer than the frame', Buffer.concat([int32(10), Buffer.from([0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff])]), /RequestHeader/],
  ])('%s', async (_, bytes, reason) => {
    warnings.length = 0;
    const client = await WireClient.connect(broker.port);
    client.socket.write(bytes);
    await client.closed;
    expect(warnings.join('\n')).toMatch(reason);
    await bystanderIsServed();
  });
});

describe('a request that ends the connection', () => {
  it('takes nothing from those before it that came with it', async () => {
    const client = await WireClient.connect(broker.port);
    const unknownApi = Buffer.from([0, 0, 0, 10, 3, 231, 0, 0, 0, 0, 0, 9, 255, 255]);
    const answer = client.sendRaw(Buffer.concat([client.frame(Metadata, 1, { topics: [] }), unknownApi]));
    expect((await answer).readInt32BE(0)).toBe(1);
    await client.closed;
  });
});

describe('incomplete requests', () => {
  it('wait for the rest, byte by byte', async () => {
    const client = await WireClient.connect(broker.port);
    const frame = client.frame(Metadata, 1, { topics: [] });
    const answer = client.sendRaw(Buffer.alloc(0));
    for (const byte of frame) {
      client.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await answer).readInt32BE(0)).toBe(1);
    await client.close();
  });

  it('several in one chunk are all answered', async () => {
    const client = await WireClient.connect(broker.port);
    const frames = [1, 2, 3, 4].map((correlationId) =>
      joinParts(encodeRequestFrame(Metadata, 1, { correlationId, clientId: null }, { topics: [] })),
    );
    const answers = frames.map(() => client.sendRaw(Buffer.alloc(0)));
    client.socket.write(Buffer.concat(frames));
    await Promise.all(answers);
    expect(client.answered).toEqual([1, 2, 3, 4]);
    await client.close();
  });

  it('that together exceed the memory for requests do not stop those that are small', async () => {
    const greedy = await Promise.all(Array.from({ length: 5 }, () => WireClient.connect(broker.port)));
    // Each promises a megabyte and sends nearly all of it.
    for (const client of greedy) client.socket.write(Buffer.concat([int32(999_999), Buffer.alloc(900_000)]));
    await bystanderIsServed();
    for (const client of greedy) await client.close();
    await bystanderIsServed();
  });

  it('a client that leaves in the middle of its request is forgotten', async () => {
    const client = await WireClient.connect(broker.port);
    client.socket.write(Buffer.concat([int32(1000), Buffer.alloc(10)]));
    await client.close();
    await bystanderIsServed();
  });
});

/** Small, seeded, good enough to pick mutations (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function mutate(frame: Buffer, random: () => number): Buffer {
  const pick = (limit: number): number => Math.floor(random() * limit);
  const bytes = Buffer.from(frame);
  const kind = pick(4);
  for (let count = 1 + pick(4); count > 0; count--) {
    // Behind length, key, version and correlation id, so that it gets as far as the body.
    const at = 12 + pick(Math.max(bytes.length - 12, 1));
    if (at >= bytes.length) break;
    if (kind === 0) bytes[at] = pick(256);
    else if (kind === 1) bytes[at]! ^= 1 << pick(8);
    else if (kind === 2) bytes[at] = [0, 0x7f, 0x80, 0xff][pick(4)]!;
    else bytes.fill(0xff, at, Math.min(at + 4, bytes.length));
  }
  const cut = random() < 0.2 ? bytes.subarray(0, 12 + pick(bytes.length - 12)) : bytes;
  cut.writeInt32BE(cut.length - 4, 0);
  return cut;
}

describe('mutated requests', () => {
  const seed = Number(process.env.FUZZ_SEED ?? 20260101);

  it(`never harm the broker (FUZZ_SEED=${seed})`, async () => {
    const random = randomFrom(seed);
    // Clients that are waited for keep their connection; everything else must be answered or closed.
    for (const api of allApis) {
      for (let round = 0; round < 12; round++) {
        const [first, last] = api.versions;
        const version = first + Math.floor(random() * (last - first + 1));
        const client = await WireClient.connect(broker.port);
        client.socket.write(mutate(valid(api, version, sampleMessage(api.request.shape, version)), random));
        // A second request shows that the first one was digested; without an answer the connection must be gone.
        client.socket.write(mutate(valid(Produce, 9, sampleMessage(Produce.request.shape, 9)), random));
        client.socket.end();
        await client.closed;
      }
      await bystanderIsServed();
    }
    expect(errors).toEqual([]);
  }, 120_000);

  it('the topic and the broker still work after it', async () => {
    await bystander.send(Metadata, 9, { topics: [{ name: 'after', topicId: Buffer.alloc(16) }], allowAutoTopicCreation: true });
    const produced = await bystander.send(Produce, 9, {
      acks: -1,
      timeoutMs: 1,
      topicData: [{ name: 'after', partitionData: [{ index: 0, records: batchOf(['ok']) }] }],
    });
    expect(produced.responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: ErrorCode.NONE });
    const fetched = await bystander.send(Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{ topic: 'after', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }],
    });
    expect(fetched.responses[0]!.partitions[0]!.highWatermark).toBe(1);
  });
});
