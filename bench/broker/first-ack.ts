import { connect, type Socket } from 'node:net';
import {
  type Api,
  decodeResponse,
  decodeResponseHeader,
  encodeRequestFrame,
  FrameSplitter,
  Metadata,
  Produce,
  RecordBatchBuilder,
  type RequestInput,
  type ResponseOf,
} from '../../src/protocol/index.ts';
import type { BrokerProcess } from './broker-process.ts';

const RETRY_MS = 2;
const LIMIT_MS = 60_000;
const TOPIC = 'first';
const METADATA_VERSION = 12;
const PRODUCE_VERSION = 9;

export interface FirstAck {
  readonly broker: string;
  /** Milliseconds from starting the process to the first acknowledgement. */
  readonly firstAckMs: number;
  /** User and system time of the process until then, milliseconds. */
  readonly cpuMs: number;
}

/** Waits for the first acknowledgement of a broker that was just started, and ends it. */
export async function measureFirstAck(broker: BrokerProcess): Promise<FirstAck> {
  try {
    const port = Number(broker.bootstrapServers.split(':').at(-1));
    const atMs = await firstAck(port, LIMIT_MS, broker.ended);
    return { broker: broker.name, firstAckMs: atMs - broker.spawnedMs, cpuMs: broker.stats.cpuSeconds() * 1000 };
  } finally {
    await broker.stop();
  }
}

/**
 * Connects as soon as the broker listens, has it make a topic, produces one record with acks=all and waits for the
 * answer. Resolves with the moment of that, by `performance.now()`. The client is this process, which is warm.
 */
async function firstAck(port: number, limitMs: number, ended: () => string | undefined): Promise<number> {
  const deadlineMs = performance.now() + limitMs;
  const check = (): void => {
    const reason = ended() ?? (performance.now() > deadlineMs ? `No acknowledgement within ${limitMs} ms.` : undefined);
    if (reason !== undefined) throw new Error(reason);
  };
  const client = await connectWhenUp(port, check);
  try {
    const batch = new RecordBatchBuilder();
    batch.append(Date.now(), null, Buffer.from('first'));
    const records = batch.build();
    // Asking for the topic makes it; a broker that has only just started may need to be asked again.
    for (;;) {
      check();
      await client.ask(Metadata, METADATA_VERSION, { topics: [{ name: TOPIC }], allowAutoTopicCreation: true });
      const { responses } = await client.ask(Produce, PRODUCE_VERSION, {
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name: TOPIC, partitionData: [{ index: 0, records }] }],
      });
      if (responses[0]?.partitionResponses[0]?.errorCode === 0) return performance.now();
      await pause();
    }
  } finally {
    client.close();
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, RETRY_MS));

async function connectWhenUp(port: number, check: () => void): Promise<OneAtATime> {
  for (;;) {
    check();
    const socket = await tryConnect(port);
    if (socket !== undefined) return new OneAtATime(socket);
    await pause();
  }
}

function tryConnect(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

/** A connection that waits for each answer. */
class OneAtATime {
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter();
  #answer: (frame: Buffer) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;
  #correlationId = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk)) this.#answer(frame);
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The broker has ended the connection.')));
  }

  async ask<A extends Api>(api: A, version: number, body: RequestInput<A>): Promise<ResponseOf<A>> {
    const parts = encodeRequestFrame(api, version, { correlationId: this.#correlationId++, clientId: 'bench' }, body);
    const frame = await new Promise<Buffer>((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
      this.#socket.write(Buffer.concat(parts));
    });
    const { bodyOffset } = decodeResponseHeader(api, version, frame);
    return decodeResponse(api, version, frame, bodyOffset);
  }

  close(): void {
    this.#socket.destroy();
  }
}
