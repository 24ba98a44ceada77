/** What can be made to go wrong on purpose, as callers of the library and of the admin port describe it: plain data. */

import type { ErrorName } from '../../protocol/index.ts';

/** Which requests a fault is for. Whatever is left out does not matter. */
export interface FaultScope {
  /** Kafka's name of an API (`'Produce'`), its key (0), or several of them. */
  readonly api?: string | number | readonly (string | number)[];
  /** Requests that come in at this node. */
  readonly node?: number;
  /** Requests of clients with exactly this client id. */
  readonly clientId?: string;
  /** Requests that name this topic. Where the fault is an error, the request's other topics are served. */
  readonly topic?: string;
  /** Requests about this group. */
  readonly groupId?: string;
  /** Requests with this transactional id. */
  readonly transactionalId?: string;
  /** So many matching requests pass before the fault begins. Default 0. */
  readonly skip?: number;
  /** The fault ends after so many requests. Default: it lasts until it is removed. */
  readonly count?: number;
  /** Chance of each matching request to be hit, above 0 and up to 1. Default 1. */
  readonly probability?: number;
  /** Makes the chances the same in every run. Default: a random seed, which `list` shows. */
  readonly seed?: number;
}

/** Before the request is handled, so that it has no effect; or after, so that only the client does not know. */
export type FaultMoment = 'before' | 'after';

export interface DelayFault {
  readonly action: 'delay';
  readonly delayMs: number;
  /** What is late: the request (`before`, the default) or the response (`after`). */
  readonly when?: FaultMoment;
}

/** The request is not handled and the error answered, in each partition where the API's response has them. */
export interface ErrorFault {
  readonly action: 'error';
  readonly error: ErrorName;
  /** Where the response has a place for it. Default: what the error means. */
  readonly message?: string;
}

/** The response is never sent, nor any other on this connection: clients count on the order. The connection stays open. */
export interface DropFault {
  readonly action: 'drop';
  /** Whether the request is lost (`before`, the default) or only its response (`after`). */
  readonly when?: FaultMoment;
}

export interface DisconnectFault {
  readonly action: 'disconnect';
  /** `before` (the default), `after`: the response is lost; `during`: its first `bytes` bytes are sent. */
  readonly when?: FaultMoment | 'during';
  /** Bytes of the response, with its length field, that are sent with `during`. Default 6: in the middle of its header. */
  readonly bytes?: number;
}

/** As if a quota was exceeded: the response says so, and the connection's next request waits for as long. */
export interface ThrottleFault {
  readonly action: 'throttle';
  readonly throttleTimeMs: number;
}

/**
 * The last batch of each partition in a fetch's answer comes incomplete, as Kafka sends it where a size limit cuts through
 * it. A batch that comes alone stays whole, as there. Other requests are served as ever.
 */
export interface TruncateFault {
  readonly action: 'truncate';
  /** Bytes that are missing; at most all but one of the batch. Default 1. */
  readonly bytes?: number;
}

export type FaultAction = DelayFault | ErrorFault | DropFault | DisconnectFault | ThrottleFault | TruncateFault;
export type Fault = FaultScope & FaultAction;

/** A fault that was set, and what has become of it. */
export interface FaultStatus {
  readonly id: number;
  readonly fault: Fault;
  /** Requests that it was applied to. */
  readonly hits: number;
  /** Its `count` is used up; it is still listed until it is removed. */
  readonly spent: boolean;
  /** What its chances are drawn from. */
  readonly seed: number;
}
