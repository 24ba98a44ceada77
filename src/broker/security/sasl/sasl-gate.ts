/**
 * Stands before everything else on a SASL listener: a connection gets to the broker once its client has logged in. The
 * states are those of Kafka's `SaslServerAuthenticator`; re-authentication on the same connection is KIP-368.
 */

import {
  ApiVersions,
  decodeRequest,
  decodeRequestHeader,
  ErrorCode,
  encodeResponseFrame,
  type RequestHeader,
  type ResponseInput,
  readInt16,
  SaslAuthenticate,
  SaslHandshake,
} from '../../../protocol/index.ts';
import type { BrokerLogger } from '../../logger.ts';
import type { Clock } from '../../seams.ts';
import { type Connection, ConnectionFault, type FrameHandler } from '../../server/connection.ts';
import { type SaslExchange, SaslFailure, type SaslStep } from './exchange.ts';

/** A client must have logged in after this; Kafka has no such limit but that of idle connections, ten minutes. */
export const LOGIN_TIMEOUT_MS = 30_000;
/** A client may not log in again more often; its handshake is then refused as one at the wrong time (`KafkaChannel`). */
const MIN_REAUTHENTICATION_INTERVAL_MS = 1000;
/** First version of SaslHandshake after which tokens travel in requests. */
const HANDSHAKE_WITH_REQUESTS = 1;
const API_KEY_BYTES = 2;
const LENGTH_BYTES = 4;
const NOTHING = Buffer.alloc(0);

export interface SaslSettings {
  readonly mechanisms: readonly string[];
  /** `connections.max.reauth.ms`; 0: a login is valid for ever. */
  readonly sessionLifetimeMs: number;
  /** `connection.failed.authentication.delay.ms`: makes guessing slow. */
  readonly failureDelayMs: number;
  /** `sasl.server.max.receive.size`: the largest request of a client that has not logged in. */
  readonly maxReceiveBytes: number;
  /** `socket.request.max.bytes`: the largest one of a client that has. */
  readonly maxRequestBytes: number;
  readonly clock: Clock;
  readonly log: BrokerLogger;
  /** Begins a login by one of the mechanisms. */
  begin(mechanism: string): SaslExchange;
}

/** A login under way. */
interface Login {
  readonly mechanism: string;
  readonly exchange: SaslExchange;
  /** Tokens come as they are, not in SaslAuthenticate requests: what SaslHandshake v0 means. */
  readonly raw: boolean;
}

/** One connection's gate; `next` serves it once it is open. */
export class SaslGate implements FrameHandler {
  readonly #settings: SaslSettings;
  readonly #next: FrameHandler;
  #login: Login | undefined;
  /** Mechanism of the last successful login; undefined before the first. */
  #loggedInBy: string | undefined;
  /** Requests are served, as no login is under way. */
  #open = false;
  #expiresAtMs = Number.POSITIVE_INFINITY;
  #reauthenticationMs = Number.NEGATIVE_INFINITY;
  #cancelTimeout: () => void = () => undefined;

  constructor(settings: SaslSettings, next: FrameHandler) {
    this.#settings = settings;
    this.#next = next;
  }

  attach(connection: Connection): void {
    const { maxReceiveBytes, maxRequestBytes } = this.#settings;
    connection.limitRequests(Math.min(maxReceiveBytes, maxRequestBytes));
    this.#limitTime(connection);
    connection.onClose(() => this.#cancelTimeout());
  }

  handle(frame: Buffer, connection: Connection): Promise<Buffer[] | undefined> | Buffer[] | undefined {
    if (!this.#open) return this.#logIn(frame, connection);
    // Where a login is valid for ever there is no other; a handshake is then refused like everywhere without SASL.
    if (this.#expiresAtMs !== Number.POSITIVE_INFINITY) {
      if (isHandshake(frame) && this.#mayBeginAgain(connection)) return this.#logIn(frame, connection);
      if (this.#settings.clock.nowMs() > this.#expiresAtMs)
        throw new ConnectionFault(`the session of ${connection.principal} is over and it has not logged in again`);
    }
    return this.#next.handle(frame, connection);
  }

  isDone(frame: Buffer): boolean {
    return this.#next.isDone(frame);
  }

  #mayBeginAgain(connection: Connection): boolean {
    const nowMs = this.#settings.clock.nowMs();
    if (nowMs - this.#reauthenticationMs < MIN_REAUTHENTICATION_INTERVAL_MS) return false;
    this.#reauthenticationMs = nowMs;
    this.#open = false;
    this.#limitTime(connection);
    return true;
  }

  #limitTime(connection: Connection): void {
    const reason = `has not logged in within ${LOGIN_TIMEOUT_MS} ms`;
    this.#cancelTimeout = this.#settings.clock.after(LOGIN_TIMEOUT_MS, () => connection.close(reason));
  }

  #logIn(frame: Buffer, connection: Connection): Promise<Buffer[] | undefined> | Buffer[] | undefined {
    const { maxReceiveBytes } = this.#settings;
    if (frame.length > maxReceiveBytes) {
      throw new ConnectionFault(`a login of ${frame.length} bytes; ${maxReceiveBytes} are allowed by sasl.server.max.receive.size`);
    }
    const login = this.#login;
    if (login?.raw === true) return this.#takeRawToken(login, frame, connection);
    const header = decodeRequestHeader(frame);
    if (header.apiKey === ApiVersions.key) return this.#next.handle(frame, connection);
    const expected = login === undefined ? SaslHandshake : SaslAuthenticate;
    const [first, last] = expected.versions;
    if (header.apiKey !== expected.key || header.apiVersion < first || header.apiVersion > last) {
      throw new ConnectionFault(
        `request with key ${header.apiKey} in version ${header.apiVersion} where ${expected.name} was expected: the client has not logged in`,
      );
    }
    return login === undefined ? this.#shakeHands(header, frame, connection) : this.#takeToken(login, header, frame, connection);
  }

  #shakeHands(header: RequestHeader, frame: Buffer, connection: Connection): Promise<Buffer[]> | Buffer[] {
    const { apiVersion, correlationId, bodyOffset } = header;
    const { mechanism } = decodeRequest(SaslHandshake, apiVersion, frame, bodyOffset);
    const mechanisms = [...this.#settings.mechanisms];
    const answer = (errorCode: number): Buffer[] =>
      encodeResponseFrame(SaslHandshake, apiVersion, correlationId, { errorCode, mechanisms });
    if (!mechanisms.includes(mechanism)) {
      return this.#refuse(connection, 'its SASL mechanism is not enabled', answer(ErrorCode.UNSUPPORTED_SASL_MECHANISM));
    }
    this.#login = { mechanism, exchange: this.#settings.begin(mechanism), raw: apiVersion < HANDSHAKE_WITH_REQUESTS };
    return answer(ErrorCode.NONE);
  }

  #takeToken(login: Login, header: RequestHeader, frame: Buffer, connection: Connection): Promise<Buffer[]> | Buffer[] {
    const { apiVersion, correlationId, bodyOffset } = header;
    const { authBytes } = decodeRequest(SaslAuthenticate, apiVersion, frame, bodyOffset);
    const encode = (body: ResponseInput<typeof SaslAuthenticate>): Buffer[] =>
      encodeResponseFrame(SaslAuthenticate, apiVersion, correlationId, body);
    const step = this.#step(login, authBytes, connection);
    if (step instanceof SaslFailure) {
      const errorMessage = this.#messageOf(step, login.mechanism);
      const response = encode({ errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED, errorMessage, authBytes: NOTHING });
      return this.#refuse(connection, `login by ${login.mechanism} failed: ${step.message}`, response);
    }
    const sessionLifetimeMs = step.userName === undefined ? 0 : this.#settings.sessionLifetimeMs;
    return encode({ errorCode: ErrorCode.NONE, errorMessage: '', authBytes: step.bytes, sessionLifetimeMs });
  }

  /** As a client of Kafka 0.10 sends it: only a length before each token, and no words for a failure. */
  #takeRawToken(login: Login, token: Buffer, connection: Connection): Promise<Buffer[]> | Buffer[] {
    const step = this.#step(login, token, connection);
    if (step instanceof SaslFailure) return this.#refuse(connection, `login by ${login.mechanism} failed: ${step.message}`, []);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeInt32BE(step.bytes.length);
    return [length, step.bytes];
  }

  /** The connection is open when the step has a user name. */
  #step(login: Login, token: Buffer, connection: Connection): SaslStep | SaslFailure {
    const { mechanism, exchange } = login;
    if (this.#loggedInBy !== undefined && this.#loggedInBy !== mechanism) {
      throw new ConnectionFault(`it logged in by ${this.#loggedInBy} and cannot log in again by ${mechanism}`);
    }
    try {
      const step = exchange.next(token);
      if (step.userName !== undefined) this.#succeed(mechanism, `User:${step.userName}`, connection);
      return step;
    } catch (error) {
      if (error instanceof SaslFailure) return error;
      throw error;
    }
  }

  #succeed(mechanism: string, principal: string, connection: Connection): void {
    const { sessionLifetimeMs, maxRequestBytes, clock, log } = this.#settings;
    if (this.#loggedInBy !== undefined && principal !== connection.principal) {
      const [before, after] = [connection.principal, principal].map((one) => one.replace(':', '.'));
      const problem = `Cannot change principals during re-authentication from ${before}: ${after}`;
      throw new SaslFailure(problem, { tellClient: true });
    }
    this.#cancelTimeout();
    this.#login = undefined;
    this.#loggedInBy = mechanism;
    this.#open = true;
    if (sessionLifetimeMs > 0) this.#expiresAtMs = clock.nowMs() + sessionLifetimeMs;
    connection.principal = principal;
    connection.limitRequests(maxRequestBytes);
    log.debug(`Connection ${connection.id} of ${connection.clientHost}: ${principal} has logged in by ${mechanism}`);
  }

  #messageOf(failure: SaslFailure, mechanism: string): string {
    if (failure.tellClient) return failure.message;
    const doing = this.#loggedInBy === undefined ? 'authentication' : 're-authentication';
    return `Authentication failed during ${doing} due to invalid credentials with SASL mechanism ${mechanism}`;
  }

  /** Lets the client wait, answers and closes. */
  async #refuse(connection: Connection, reason: string, response: Buffer[]): Promise<Buffer[]> {
    const { log, clock, failureDelayMs } = this.#settings;
    log.warn(`Connection ${connection.id} of ${connection.clientHost}: ${reason}`);
    if (failureDelayMs > 0) await waitUnlessClosed(clock, connection, failureDelayMs);
    connection.closeAfterResponse(reason);
    return response;
  }
}

function isHandshake(frame: Buffer): boolean {
  return frame.length >= API_KEY_BYTES && readInt16(frame, 0) === SaslHandshake.key;
}

function waitUnlessClosed(clock: Clock, connection: Connection, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      stopListening();
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    const stopListening = connection.onClose(done);
  });
}
