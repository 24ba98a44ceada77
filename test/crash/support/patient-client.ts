import type { Api, RequestInput, ResponseOf } from '../../../src/protocol/index.ts';
import { WireClient } from '../../integration/broker/wire-client.ts';

/** The broker went away before it answered: the request may or may not have been served. */
export class ConnectionLost extends Error {}

const RETRY_MS = 20;
/** A broker that answers nothing for so long hangs. */
const ANSWER_LIMIT_MS = 60_000;

/** Errors that say "later": a coordinator that is being loaded, a transaction that is being ended, a rebalance. */
const LATER = new Set([14, 15, 16, 51]);

/** A client of one broker port that outlives the broker: it connects anew when it has to. */
export class PatientClient {
  readonly #port: () => number;
  #connection: WireClient | undefined;
  #connecting: Promise<WireClient> | undefined;

  constructor(port: () => number) {
    this.#port = port;
  }

  /** Rejects with {@link ConnectionLost}; then the caller decides what to repeat. */
  async send<A extends Api>(api: A, version: number, body: RequestInput<A>): Promise<ResponseOf<A>> {
    const connection = await this.#connect();
    try {
      return await withLimit(connection.send(api, version, body), api.name);
    } catch (cause) {
      if (!(cause instanceof Error) || cause.message !== 'connection closed') throw cause;
      this.#lost(connection);
      throw new ConnectionLost(`${api.name} was not answered`);
    }
  }

  /** Repeats a request that may be repeated until it was served. */
  async insist<A extends Api>(api: A, version: number, body: RequestInput<A>): Promise<ResponseOf<A>> {
    for (;;) {
      try {
        return await this.send(api, version, body);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.#connection?.close();
    this.#connection = undefined;
  }

  #lost(connection: WireClient): void {
    if (this.#connection === connection) this.#connection = undefined;
  }

  /** One connection for all who wait for it: requests must arrive in their order. */
  #connect(): Promise<WireClient> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    this.#connecting ??= this.#connectAnew().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connectAnew(): Promise<WireClient> {
    const giveUpMs = Date.now() + ANSWER_LIMIT_MS;
    for (;;) {
      try {
        const connection = await WireClient.connect(this.#port());
        this.#connection = connection;
        void connection.closed.then(() => this.#lost(connection));
        return connection;
      } catch (cause) {
        if (Date.now() > giveUpMs) throw new Error('No connection to the broker for a minute.', { cause });
        await pause(RETRY_MS);
      }
    }
  }
}

/** Asks again while the answer is "later". */
export async function whileLater<R>(ask: () => Promise<R>, errorOf: (response: R) => number): Promise<R> {
  for (;;) {
    const response = await ask();
    if (!LATER.has(errorOf(response))) return response;
    await pause(RETRY_MS);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function withLimit<R>(answer: Promise<R>, name: string): Promise<R> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${name} was not answered within a minute: the broker hangs.`)), ANSWER_LIMIT_MS);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}
