/** What a scenario talks through: every request and its answer are kept, as bytes. */
import {
  type Api,
  decodeResponse,
  decodeResponseHeader,
  encodeRequestFrame,
  joinParts,
  type RequestInput,
  type ResponseOf,
} from '../../src/protocol/index.ts';
import { FrameSocket } from './frame-socket.ts';

const CLIENT_ID = 'recorder';
const LENGTH_BYTES = 4;
/** How long a broker may take to get to a state that it is said to get to. */
const PATIENCE_MS = 30_000;
const BETWEEN_TRIES_MS = 50;

/** One request and what came of it. */
export interface Exchange {
  /** Says which one it is; unique in its scenario. */
  readonly step: string;
  readonly api: Api;
  readonly version: number;
  /** From its header on, without the length. */
  readonly request: Buffer;
  /** From its header on, without the length; null: the broker closed the connection. */
  readonly response: Buffer | null;
  /** In lists of everything, only what has a name that begins so is compared: other scenarios have topics and groups too. */
  readonly only?: string | undefined;
}

export interface CallOptions {
  /** See {@link Exchange.only}. */
  readonly only?: string;
  /** Name of the connection; made when first used. Default `main`. */
  readonly on?: string;
}

interface OptionsOf<A extends Api> extends CallOptions {
  /** Ask again while the answer is one that only means "not yet"; the last answer is the one kept. */
  readonly again?: (response: ResponseOf<A>) => boolean;
}

/** A scenario: requests in a fixed order, in all versions that it is about. */
export interface Scenario {
  readonly name: string;
  /** Broker configs that it needs beside the common ones: then it has a broker of its own. */
  readonly config?: Readonly<Record<string, string>>;
  run(talk: Talk): Promise<void>;
}

export class Talk {
  readonly exchanges: Exchange[] = [];
  /** Port of the broker. */
  readonly port: number;
  readonly #connections = new Map<string, Promise<FrameSocket>>();
  readonly #steps = new Set<string>();

  readonly #settlingMs: number;

  /** @param settlingMs how long the broker may take to make a change of configs known everywhere */
  constructor(port: number, settlingMs = 0) {
    this.port = port;
    this.#settlingMs = settlingMs;
  }

  /** Waits until a change that was acknowledged is in force: with Apache Kafka that comes a moment later. */
  async settled(): Promise<void> {
    if (this.#settlingMs > 0) await pause(this.#settlingMs);
  }

  /** Sends a request, keeps it and its answer. Throws when the broker closes the connection: then see {@link ask}. */
  async call<A extends Api>(
    step: string,
    api: A,
    version: number,
    body: RequestInput<A>,
    options: OptionsOf<A> = {},
  ): Promise<ResponseOf<A>> {
    const response = await this.ask(step, api, version, body, options);
    if (response === null) throw new Error(`The broker closed the connection at ${api.name} v${version}, ${step}`);
    return response;
  }

  /** Sends a request and keeps what comes of it: an answer, or null for the end of the connection. */
  async ask<A extends Api>(
    step: string,
    api: A,
    version: number,
    body: RequestInput<A>,
    { on, again, only }: OptionsOf<A> = {},
  ): Promise<ResponseOf<A> | null> {
    const correlationId = this.#begin(step, api, version);
    const frame = frameOf(api, version, correlationId, body);
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const response = await this.#exchange(frame, on);
      const decoded = response === null ? null : decode(api, version, response);
      if (decoded !== null && again?.(decoded) === true && Date.now() < deadline) {
        await pause();
        continue;
      }
      const request = frame.subarray(LENGTH_BYTES);
      this.#keep(correlationId, { step: stepName(step, api, version), api, version, request, response, only });
      return decoded;
    }
  }

  /** Sends bytes as a request's body and keeps what comes of it: an answer, or the end of the connection. */
  async raw(step: string, api: Api, version: number, body: Buffer): Promise<Buffer | null> {
    const correlationId = this.#begin(step, api, version);
    const frame = rawFrame(api.key, version, correlationId, body);
    const name = `raw ${correlationId}`;
    const response = await this.#exchange(frame, name);
    this.#keep(correlationId, { step: stepName(step, api, version), api, version, request: frame.subarray(LENGTH_BYTES), response });
    return response;
  }

  /** Sends a request that is only there to prepare or to wait; it is not kept. */
  async quiet<A extends Api>(api: A, version: number, body: RequestInput<A>, on = 'quiet'): Promise<ResponseOf<A>> {
    const response = await this.#exchange(frameOf(api, version, 0, body), on);
    if (response === null) throw new Error(`The broker closed the connection at ${api.name} v${version}`);
    return decode(api, version, response);
  }

  /** Sends a request that has no answer. */
  async unanswered<A extends Api>(api: A, version: number, body: RequestInput<A>): Promise<void> {
    (await this.#connection('quiet')).sendUnanswered(frameOf(api, version, 0, body));
  }

  /** Asks until the answer is as wanted; nothing is kept. */
  async until<A extends Api>(api: A, version: number, body: RequestInput<A>, wanted: (response: ResponseOf<A>) => boolean): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const response = await this.quiet(api, version, body);
      if (wanted(response)) return;
      if (Date.now() > deadline) throw new Error(`Waited in vain: ${api.name} v${version} answers ${JSON.stringify(response)}`);
      await pause();
    }
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) (await connection).close();
  }

  /** Correlation ids follow the order in which steps begin, so they are the same with every broker. */
  #begin(step: string, api: Api, version: number): number {
    const name = stepName(step, api, version);
    if (this.#steps.has(name)) throw new Error(`Two steps are called "${name}"`);
    this.#steps.add(name);
    return this.#steps.size;
  }

  #keep(correlationId: number, exchange: Exchange): void {
    this.exchanges[correlationId - 1] = exchange;
  }

  async #exchange(frame: Buffer, on = 'main'): Promise<Buffer | null> {
    return (await this.#connection(on)).send(frame);
  }

  #connection(name: string): Promise<FrameSocket> {
    const made = this.#connections.get(name)?.then((known) => (known.isClosed ? FrameSocket.open(this.port) : known));
    const connection = made ?? FrameSocket.open(this.port);
    this.#connections.set(name, connection);
    return connection;
  }
}

/** All versions of an API that have a schema: those that Apache Kafka 4.3 serves, and Produce 0 to 2. */
export function versionsOf(api: Api, from = api.versions[0]): number[] {
  return Array.from({ length: api.versions[1] - from + 1 }, (_, index) => from + index);
}

export function pause(ms = BETWEEN_TRIES_MS): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function stepName(step: string, api: Api, version: number): string {
  return `${api.name} v${version}: ${step}`;
}

function frameOf<A extends Api>(api: A, version: number, correlationId: number, body: RequestInput<A>): Buffer {
  return joinParts(encodeRequestFrame(api, version, { correlationId, clientId: CLIENT_ID }, body));
}

/** A header of version 1, whatever the API's version, and bytes. */
function rawFrame(key: number, version: number, correlationId: number, body: Buffer): Buffer {
  const header = Buffer.alloc(LENGTH_BYTES + 10);
  header.writeInt32BE(10 + body.length, 0);
  header.writeInt16BE(key, 4);
  header.writeInt16BE(version, 6);
  header.writeInt32BE(correlationId, 8);
  header.writeInt16BE(-1, 12);
  return Buffer.concat([header, body]);
}

function decode<A extends Api>(api: A, version: number, response: Buffer): ResponseOf<A> {
  return decodeResponse(api, version, response, decodeResponseHeader(api, version, response).bodyOffset);
}
