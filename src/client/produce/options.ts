import { MillraceError } from '../../errors.ts';

/** How batches are produced. Durations in milliseconds; Kafka's name of each option in brackets. */
export interface ProducerOptions {
  /** Who has to have a batch before it counts: all replicas in sync (-1), the leader (1), nobody (0). Default -1. [acks] */
  readonly acks?: -1 | 0 | 1;
  /** No duplicates and no changes of order by repetitions. Default true with acks -1, else false. [enable.idempotence] */
  readonly idempotent?: boolean;
  /** Makes the producer transactional. [transactional.id] */
  readonly transactionalId?: string;
  /** The coordinator aborts a transaction that is open for longer. Default 60000. [transaction.timeout.ms] */
  readonly transactionTimeoutMs?: number;
  /** From queueing to the acknowledgement; a batch that takes longer has failed. Default 120000. [delivery.timeout.ms] */
  readonly deliveryTimeoutMs?: number;
  /** How long the broker waits for replicas, and the client for an answer. Default: the client's. [request.timeout.ms] */
  readonly requestTimeoutMs?: number;
  /** Requests under way per broker, 1 to 5 with idempotence. Default 5. [max.in.flight.requests.per.connection] */
  readonly maxInFlight?: number;
  /** No request is larger, unless a single batch is. Default 1 MiB. [max.request.size] */
  readonly maxRequestBytes?: number;
  /** `send` waits while so many bytes are queued. Default 32 MiB. [buffer.memory] */
  readonly maxBufferedBytes?: number;
}

export interface ResolvedProducerOptions {
  readonly acks: -1 | 0 | 1;
  readonly idempotent: boolean;
  readonly transactionalId: string | undefined;
  readonly transactionTimeoutMs: number;
  readonly deliveryTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxInFlight: number;
  readonly maxRequestBytes: number;
  readonly maxBufferedBytes: number;
}

/** The broker remembers so many batches of a producer and partition to tell repetitions. */
export const MAX_IDEMPOTENT_IN_FLIGHT = 5;
const MIB = 1024 * 1024;

/** Fills in the defaults. Throws INVALID_CONFIG for options that contradict each other. */
export function resolveProducerOptions(options: ProducerOptions, requestTimeoutMs: number): ResolvedProducerOptions {
  const acks = options.acks ?? -1;
  const transactional = options.transactionalId !== undefined;
  const resolved: ResolvedProducerOptions = {
    acks,
    idempotent: options.idempotent ?? acks === -1,
    transactionalId: options.transactionalId,
    transactionTimeoutMs: options.transactionTimeoutMs ?? 60_000,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
    requestTimeoutMs: options.requestTimeoutMs ?? requestTimeoutMs,
    maxInFlight: options.maxInFlight ?? MAX_IDEMPOTENT_IN_FLIGHT,
    maxRequestBytes: options.maxRequestBytes ?? MIB,
    maxBufferedBytes: options.maxBufferedBytes ?? 32 * MIB,
  };
  if (resolved.idempotent && acks !== -1) throw invalid('acks', 'An idempotent or transactional producer needs acks=all.');
  if (transactional && !resolved.idempotent)
    throw invalid('idempotent', 'A transactional producer is idempotent: leave enable.idempotence on.');
  if (resolved.maxInFlight < 1 || (resolved.idempotent && resolved.maxInFlight > MAX_IDEMPOTENT_IN_FLIGHT)) {
    throw invalid(
      'maxInFlight',
      `max.in.flight.requests.per.connection must be 1 to ${MAX_IDEMPOTENT_IN_FLIGHT} with idempotence, not ${resolved.maxInFlight}.`,
    );
  }
  return resolved;
}

function invalid(option: string, message: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', message, { context: { option } });
}
