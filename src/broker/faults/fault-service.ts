/**
 * Serves requests while something is set to go wrong: the dispatcher sends them here then, and only then. Paused nodes
 * are here as well, which take requests and answer none until they are resumed, and the quotas of clients, which throttle
 * as a fault does.
 */

import { Fetch, joinParts, Produce } from '../../protocol/index.ts';
import { NO_RESPONSE } from '../dispatcher.ts';
import { byteThrottleTimeMs } from '../quotas/byte-quotas.ts';
import type { ClientQuotas } from '../quotas/client-quotas.ts';
import type { Clock } from '../seams.ts';
import { type Connection, ConnectionFault } from '../server/connection.ts';
import { errorAnswer } from './error-answer.ts';
import type { DisconnectFault, FaultMoment } from './fault.ts';
import type { FaultRule, FaultyRequest } from './fault-rule.ts';
import { Faults } from './faults.ts';
import type { TopicNames } from './named-topics.ts';
import { ThrottledConnections } from './throttled-connections.ts';
import { truncated } from './truncated-fetch.ts';
import { asSessionless, needsPartitions, SESSION_NOT_FOUND } from './whole-fetch.ts';

/** A response's length and half of its correlation id. */
const DEFAULT_PARTIAL_BYTES = 6;

/** A request with what serves it when nothing goes wrong. */
export interface RequestToServe extends FaultyRequest {
  /** Of the response. */
  readonly version: number;
  readonly connection: Connection;
  /** Resolves with the response, or {@link NO_RESPONSE}. */
  readonly serve: (request: unknown) => Promise<unknown>;
  readonly encode: (response: unknown) => Buffer[];
}

export class FaultService {
  readonly faults = new Faults(() => this.update());
  /** Whether requests must come here. */
  engaged = false;
  readonly #clock: Clock;
  readonly #topicNames: TopicNames;
  readonly #quotas: ClientQuotas;
  /** What waits for a paused node, by its id. */
  readonly #paused = new Map<number, Set<() => void>>();
  readonly #throttled: ThrottledConnections;
  #closed = false;

  constructor(clock: Clock, topicNames: TopicNames, quotas: ClientQuotas) {
    this.#clock = clock;
    this.#topicNames = topicNames;
    this.#quotas = quotas;
    this.#throttled = new ThrottledConnections(clock, () => this.update());
    this.update();
  }

  /** After something was set or has ended that decides whether requests must come here. */
  update(): void {
    const faults = [...this.faults.rules()].some((rule) => !rule.spent);
    this.engaged = faults || this.#quotas.any || this.#paused.size > 0 || this.#throttled.size > 0;
  }

  /** The node takes connections and requests, and answers nothing. */
  pause(node: number): void {
    if (!this.#paused.has(node)) this.#paused.set(node, new Set());
    this.update();
  }

  /** What has waited is served now, unless its client has gone. */
  resume(node: number): void {
    const waiting = this.#paused.get(node);
    this.#paused.delete(node);
    for (const go of [...(waiting ?? [])]) go();
    this.update();
  }

  isPaused(node: number): boolean {
    return this.#paused.has(node);
  }

  /** Resolves at once unless the node is paused. Rejects with ConnectionFault when the client has gone meanwhile. */
  async untilResumed(node: number, connection: Connection): Promise<void> {
    const waiting = this.#paused.get(node);
    if (waiting === undefined) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        waiting.delete(go);
        stopWaiting();
        resolve();
      };
      waiting.add(go);
      const stopWaiting = connection.onClose(go);
    });
    if (connection.closed || this.#closed) throw new ConnectionFault('it was closed while its node was paused');
  }

  /** Nothing that is delayed is handled any more. */
  close(): void {
    this.#closed = true;
    this.faults.clear();
    for (const node of [...this.#paused.keys()]) this.resume(node);
  }

  /** The response's bytes, or undefined for none. Rejects with ConnectionFault to end the connection. */
  async serve(given: RequestToServe): Promise<Buffer[] | undefined> {
    await this.untilResumed(given.context.nodeId, given.connection);
    const waitMs = this.#throttled.waitMs(given.connection);
    if (waitMs > 0) await this.#sleep(waitMs);
    const asked = this.#withPartitions(given);
    if (asked === undefined) return given.encode(SESSION_NOT_FOUND);
    const struck = this.#strike(asked);
    await this.#delay(struck, 'before');
    const ending = struck.map(({ fault }) => fault).find(({ action }) => action === 'drop' || action === 'disconnect');
    if (ending?.action === 'disconnect' && (ending.when ?? 'before') === 'before') throw new ConnectionFault('a fault ends it');
    if (ending?.action === 'drop' && (ending.when ?? 'before') === 'before') return this.#neverAnswer(asked.connection);
    const response = await this.#respond(asked, struck);
    await this.#delay(struck, 'after');
    await this.untilResumed(asked.context.nodeId, asked.connection);
    if (ending?.action === 'drop') return this.#neverAnswer(asked.connection);
    if (ending?.action === 'disconnect') return cutOff(asked, response, ending);
    return response === NO_RESPONSE ? undefined : asked.encode(response);
  }

  /** Undefined for a fetch whose partitions a fault must see, but which does not name them. */
  #withPartitions(asked: RequestToServe): RequestToServe | undefined {
    if (asked.api.key !== Fetch.key || asked.request === undefined) return asked;
    if (![...this.faults.rules()].some((rule) => needsPartitions(rule) && rule.matchesBesidesTopic(asked))) return asked;
    const request = asSessionless(asked.request);
    return request === undefined ? undefined : { ...asked, request };
  }

  /** The faults that hit the request: all that delay and throttle, and the first of the others. */
  #strike(asked: RequestToServe): FaultRule[] {
    const struck: FaultRule[] = [];
    let decided = false;
    for (const rule of this.faults.rules()) {
      const decides = rule.fault.action !== 'delay' && rule.fault.action !== 'throttle';
      if (rule.spent || (decides && decided) || !rule.matches(asked, this.#topicNames) || !rule.strike()) continue;
      struck.push(rule);
      decided ||= decides;
      if (rule.spent) this.update();
    }
    return struck;
  }

  async #respond(asked: RequestToServe, struck: readonly FaultRule[]): Promise<unknown> {
    const { api, request, version } = asked;
    let response: unknown;
    const failing = struck.find(({ fault }) => fault.action === 'error');
    if (failing?.fault.action === 'error') {
      if (api.key === Produce.key && request?.acks === 0) throw new ConnectionFault('a fault fails a produce request with acks=0');
      const { topic } = failing.fault;
      response = await errorAnswer({ api, version, request, fault: failing.fault, topic, names: this.#topicNames, serve: asked.serve });
      if (response === undefined) throw new ConnectionFault(`a fault fails ${api.name}, and its response has no place for an error`);
    } else {
      response = await asked.serve(request);
      const cutting = struck.find(({ fault }) => fault.action === 'truncate');
      if (cutting?.fault.action === 'truncate' && api.key === Fetch.key) response = truncated(response, cutting.fault.bytes);
    }
    return this.#withThrottleTime(asked, struck, response);
  }

  /** What the response says of throttling, by faults and by quotas; the connection is held for as long. */
  #withThrottleTime(
    { api, request, version, context, connection }: RequestToServe,
    struck: readonly FaultRule[],
    response: unknown,
  ): unknown {
    let throttleTimeMs = request === undefined ? 0 : byteThrottleTimeMs(this.#quotas, api.key, request, response, context);
    for (const { fault } of struck) {
      if (fault.action === 'throttle') throttleTimeMs = Math.max(throttleTimeMs, fault.throttleTimeMs);
    }
    if (throttleTimeMs === 0) return response;
    this.#throttled.add(connection, throttleTimeMs);
    const field = api.response.shape.throttleTimeMs;
    const hasField = field !== undefined && version >= field.versions.first && version <= field.versions.last;
    return hasField && response !== NO_RESPONSE ? { ...(response as object), throttleTimeMs } : response;
  }

  async #delay(struck: readonly FaultRule[], moment: FaultMoment): Promise<void> {
    let delayMs = 0;
    for (const { fault } of struck) if (fault.action === 'delay' && (fault.when ?? 'before') === moment) delayMs += fault.delayMs;
    if (delayMs > 0) await this.#sleep(delayMs);
  }

  /** A request that is late is handled even when its client has gone meanwhile: it is the zombie that people fear. */
  async #sleep(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve));
    if (this.#closed) throw new ConnectionFault('the broker is stopping');
  }

  /** Whatever the client sends on this connection waits behind the lost response. */
  #neverAnswer(connection: Connection): Promise<undefined> {
    return new Promise((resolve) => {
      if (connection.closed) resolve(undefined);
      else connection.onClose(() => resolve(undefined));
    });
  }
}

/** A part of the response, or nothing of it, and then the end of the connection. */
function cutOff({ connection, encode }: RequestToServe, response: unknown, fault: DisconnectFault): Buffer[] {
  if (response === NO_RESPONSE || fault.when !== 'during') throw new ConnectionFault('a fault ends it instead of a response');
  connection.closeAfterResponse('a fault ends it in the middle of a response');
  const bytes = joinParts(encode(response));
  return [bytes.subarray(0, Math.min(fault.bytes ?? DEFAULT_PARTIAL_BYTES, bytes.length - 1))];
}
