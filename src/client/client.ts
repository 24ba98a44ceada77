import { isMillraceError, MillraceError } from '../errors.ts';
import type { Api, RequestInput, ResponseOf } from '../protocol/index.ts';
import type { BrokerVersions, VersionLimits } from './api-versions.ts';
import { backoffMs, waited } from './backoff.ts';
import { clientClosed, kafkaFailure } from './errors.ts';
import type { ClusterMetadata, NodeInfo, PartitionInfo } from './metadata.ts';
import { type ClientOptions, type ResolvedClientOptions, resolveClientOptions } from './options.ts';
import { ConnectionPool } from './pool.ts';
import { wrongBrokerCode } from './response-errors.ts';
import { MAIN_LANE, type MetadataOptions, Router } from './router.ts';
import { describeTarget, type Target } from './target.ts';
import { within } from './within.ts';

/** What a request's body may depend on. */
export interface RequestContext {
  /** The negotiated version. */
  readonly version: number;
  readonly versions: BrokerVersions;
}

/** A body, or what makes one for the negotiated version. */
export type RequestBody<A extends Api> = RequestInput<A> | ((context: RequestContext) => RequestInput<A>);

export interface RequestOptions<A extends Api = Api> extends VersionLimits {
  /** How long it is tried in all, in milliseconds. Default: the client's `apiTimeoutMs`. */
  readonly timeoutMs?: number;
  /** How long one attempt may wait for its answer. Default: the client's `requestTimeoutMs`. */
  readonly requestTimeoutMs?: number;
  /**
   * Requests of one lane share a connection per broker, which answers them one after the other. Default: `main`, and for
   * coordinators of groups and transactions a lane for each kind.
   */
  readonly lane?: string;
  /** Ends the waiting with INVALID_STATE; what was sent may still be carried out. */
  readonly signal?: AbortSignal;
  /** Wait before the first repetition. Default: the client's `retryBackoffMs`. */
  readonly firstBackoffMs?: number;
  /** False: one attempt, and the first trouble is the caller's. Default true. */
  readonly retry?: boolean;
  /**
   * Error code of a response as a whole. Given one, codes that are retriable are retried and all others rejected as
   * MillraceError, so the caller sees successes only.
   */
  readonly errorOf?: (response: ResponseOf<A>) => number;
}

/**
 * A client of one Kafka cluster: connections, metadata, routing, versions and repetition. Any number of requests may be
 * under way at once.
 */
export class KafkaClient {
  readonly options: ResolvedClientOptions;
  readonly #pool: ConnectionPool;
  readonly #router: Router;
  readonly #closing = new AbortController();

  /**
   * Makes a client and waits until a broker has answered, up to `bootstrapTimeoutMs`. Rejects with BROKER_UNREACHABLE
   * naming the addresses and why, AUTHENTICATION_FAILED, or INVALID_CONFIG.
   */
  static async connect(options: ClientOptions): Promise<KafkaClient> {
    const client = KafkaClient.open(options);
    try {
      await client.reach();
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Makes a client that connects when it is first used. Throws INVALID_CONFIG. */
  static open(options: ClientOptions): KafkaClient {
    return new KafkaClient(resolveClientOptions(options));
  }

  private constructor(options: ResolvedClientOptions) {
    this.options = options;
    this.#pool = new ConnectionPool(options);
    this.#router = new Router(options, this.#pool);
  }

  /** The brokers, as of the last metadata. */
  get nodes(): readonly NodeInfo[] {
    return this.#router.view.nodes;
  }

  /** As of the last metadata; null from brokers that have none. */
  get clusterId(): string | null {
    return this.#router.view.clusterId;
  }

  /** Aborted when the client is closed: for waits that should end with it. */
  get closeSignal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Waits until a broker has answered. Rejects as {@link KafkaClient.connect}. */
  async reach(bootstrapTimeoutMs = this.options.bootstrapTimeoutMs): Promise<void> {
    const { bootstrapServers } = this.options;
    try {
      await this.#repeated('Connecting', { timeoutMs: bootstrapTimeoutMs }, () => this.#router.metadata([]));
    } catch (cause) {
      if (!isMillraceError(cause) || !(cause.retriable || cause.code === 'TIMEOUT')) throw cause;
      throw new MillraceError(
        'BROKER_UNREACHABLE',
        `No Kafka broker answered at ${bootstrapServers} within ${bootstrapTimeoutMs} ms: ${lastReason(cause)} Check the address and that the broker is running.`,
        { cause, retriable: true, context: { bootstrapServers } },
      );
    }
  }

  /**
   * Sends one request to where it belongs and resolves with the answer. The version is the highest that both sides know.
   * Trouble that passes (a lost connection, a timeout, a leader, coordinator or controller that has moved) is repeated
   * with a growing wait, up to `timeoutMs`. Error codes inside of the answer are the caller's, unless `errorOf` is given.
   * A request whose answer was lost may have been carried out: where a second time would do harm, set `retry` to false.
   *
   * Rejects with BROKER_UNREACHABLE, TIMEOUT, UNSUPPORTED_VERSION, MISSING_TOPIC, AUTHENTICATION_FAILED, INVALID_STATE
   * (closed), or with `errorOf` what `kafkaFailure` makes of the code.
   */
  async request<A extends Api>(api: A, body: RequestBody<A>, target: Target, options: RequestOptions<A> = {}): Promise<ResponseOf<A>> {
    return this.#repeated(`${api.name} to ${describeTarget(target)}`, options, async () => {
      try {
        return await this.#attempt(api, body, target, options);
      } catch (error) {
        if (isMillraceError(error) && error.retriable) this.#router.forget(target);
        throw error;
      }
    });
  }

  /**
   * Sends a request that has no answer: Produce with acks 0. Resolves when the system has taken it; whether the broker got
   * it nobody knows. What stands in the way of sending is repeated and rejected as by {@link KafkaClient.request}.
   */
  async sendUnanswered<A extends Api>(
    api: A,
    body: RequestBody<A>,
    target: Target,
    options: Pick<RequestOptions<A>, 'minVersion' | 'maxVersion' | 'timeoutMs' | 'lane' | 'signal'> = {},
  ): Promise<void> {
    await this.#repeated(`${api.name} to ${describeTarget(target)}`, options, async () => {
      const { connection, versions } = await this.#router.connect(target, options.lane ?? defaultLane(target));
      const version = versions.pick(api, options);
      await connection.sendUnanswered(api, version, typeof body === 'function' ? body({ version, versions }) : body);
    });
  }

  /** Asks a broker, now. `topics` undefined: all of them; empty: only the brokers. */
  metadata(topics?: readonly string[], options: MetadataOptions & { readonly timeoutMs?: number } = {}): Promise<ClusterMetadata> {
    const { timeoutMs, ...rest } = options;
    return this.#repeated('Reading the cluster metadata', options, () => this.#router.metadata(topics, rest));
  }

  /**
   * The leader of a partition, from what is known if that is not out of date. Waits while there is none. Rejects with
   * MISSING_TOPIC when topic or partition do not exist.
   */
  leaderOf(
    topic: string,
    partition: number,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<PartitionInfo & { readonly node: NodeInfo; readonly topicId: Buffer }> {
    return this.#repeated(`Finding the leader of ${topic}-${partition}`, options, () => this.#router.leader(topic, partition));
  }

  /** Has the metadata of a topic read again before it is used the next time. */
  invalidate(topic: string): void {
    this.#router.view.invalidate(topic);
  }

  /**
   * Takes over what a broker said of a partition's new leader together with an error (KIP-951). False when it said nothing
   * new: then `invalidate` has it asked for.
   */
  learnLeader(
    topic: string,
    partition: number,
    leader: { readonly leaderId: number; readonly leaderEpoch: number },
    endpoints: readonly { readonly nodeId: number; readonly host: string; readonly port: number; readonly rack: string | null }[],
  ): boolean {
    for (const { nodeId, host, port, rack } of endpoints) this.#router.view.learnNode({ id: nodeId, host, port, rack });
    return this.#router.view.learnLeader(topic, partition, leader.leaderId, leader.leaderEpoch);
  }

  /** Versions and features of a broker; of any broker when none is named. */
  versions(target: Target = 'any'): Promise<BrokerVersions> {
    return this.#repeated(`Asking ${describeTarget(target)} for its versions`, {}, async () => {
      const { versions } = await this.#router.connect(target, MAIN_LANE);
      return versions;
    });
  }

  /** Ends the connections of one lane, with whatever waits on them: for those who have used it alone. */
  closeLane(lane: string): void {
    this.#pool.closeLane(lane);
  }

  /** Ends all connections and rejects all that waits. May be called again. */
  close(): void {
    this.#closing.abort();
    this.#pool.close();
  }

  async #attempt<A extends Api>(api: A, body: RequestBody<A>, target: Target, options: RequestOptions<A>): Promise<ResponseOf<A>> {
    const { connection, versions } = await this.#router.connect(target, options.lane ?? defaultLane(target));
    const version = versions.pick(api, options);
    const input = typeof body === 'function' ? body({ version, versions }) : body;
    const response = await connection.send(api, version, input, options.requestTimeoutMs);
    const code = options.errorOf?.(response) ?? wrongBrokerCode(target, response);
    if (code === 0) return response;
    const failure = kafkaFailure(code, `${api.name} to ${describeTarget(target)}`, {
      context: { broker: connection.broker, api: api.name },
    });
    // Without `errorOf` the answer is the caller's to judge, also the last one.
    if (options.errorOf === undefined && options.retry === false) return response;
    throw failure;
  }

  /** Repeats what fails with a retriable error until the time is used up; then the last error is the caller's. */
  async #repeated<T>(
    action: string,
    options: Pick<RequestOptions, 'timeoutMs' | 'retry' | 'signal' | 'firstBackoffMs'>,
    attempt: () => Promise<T>,
  ): Promise<T> {
    const { timeoutMs = this.options.apiTimeoutMs, retry = true, signal, firstBackoffMs = this.options.retryBackoffMs } = options;
    const deadlineMs = performance.now() + timeoutMs;
    let last: MillraceError | undefined;
    for (let attempts = 0; ; attempts++) {
      if (this.#closing.signal.aborted) throw clientClosed();
      if (signal?.aborted) throw given(action);
      try {
        return await within(attempt(), { deadlineMs, late: () => tooLate(action, timeoutMs, last), signal, aborted: () => given(action) });
      } catch (error) {
        if (!retry || !isMillraceError(error) || !error.retriable || performance.now() >= deadlineMs) throw error;
        last = error;
        this.options.onLog('debug', `${action}: ${error.message} Tried again.`);
        const waitMs = backoffMs(attempts, firstBackoffMs, Math.max(firstBackoffMs, this.options.retryBackoffMaxMs));
        await waited(Math.min(waitMs, Math.max(0, deadlineMs - performance.now())), this.#closing.signal);
        if (performance.now() >= deadlineMs) throw error;
      }
    }
  }
}

/** What may wait long at a coordinator (a join) must not hold up the rest. */
function defaultLane(target: Target): string {
  return typeof target === 'object' && 'coordinator' in target ? target.coordinator[0] : MAIN_LANE;
}

function given(action: string): MillraceError {
  return new MillraceError('INVALID_STATE', `${action}: given up, since the caller wants it no more.`);
}

/** What went wrong, without that the time ran out over it. */
function lastReason(error: MillraceError): string {
  return isMillraceError(error.cause) ? error.cause.message : error.message;
}

/** The time is used up, so this is not retriable; what went wrong before says why. */
function tooLate(action: string, timeoutMs: number, last: MillraceError | undefined): MillraceError {
  const why = last === undefined ? '.' : `: ${last.message}`;
  return new MillraceError('TIMEOUT', `${action}: not done within ${timeoutMs} ms${why}`, { cause: last, context: { ...last?.context } });
}
