import { MillraceError } from '../../errors.ts';
import type { TransportOptions } from '../transport.ts';
import { call } from './call.ts';
import { asMillraceError, CODE, isAuthenticationError } from './errors.ts';
import type { NativeClient, NativeConfig, NativeError, NativeFailure } from './native.ts';

const DISCONNECT_TIMEOUT_MS = 15_000;
/** syslog levels, as librdkafka logs. */
const LOG_WARNING = 4;
const LOG_NOTICE = 5;
const LOG_INFO = 6;
/** From where librdkafka says what is wrong with the login, up to how long it took. */
const SASL_TROUBLE = /(SASL (authentication|handshake)|SASL \S+ mechanism handshake failed: Broker:|SaslHandshake).*?(?= \(after|$)/i;

/** Makes a native client; what its constructor objects to is a setting. */
export function createClient<T>(kind: string, make: (config: NativeConfig) => T, config: NativeConfig): T {
  try {
    return make(config);
  } catch (cause) {
    throw new MillraceError(
      'INVALID_CONFIG',
      `The ${kind} settings were refused: ${(cause as Error).message}. Check the names and values of the client settings.`,
      {
        cause,
      },
    );
  }
}

/** A native client with its life cycle made safe: it connects once, disconnects once, and every wait has an end. */
export class ManagedClient<T extends NativeClient> {
  readonly native: T;
  readonly #kind: string;
  readonly #options: TransportOptions;
  #closing: Promise<void> | undefined;
  #lastError: NativeError | undefined;
  #onAuthenticationError: ((error: Error) => void) | undefined;

  constructor(kind: string, native: T, options: TransportOptions) {
    this.#kind = kind;
    this.native = native;
    this.#options = options;
    native.on('event.error', (error) => this.#noteError(error));
    native.on('event.log', (log) => this.#noteLog(log));
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  async connect(timeoutMs: number): Promise<void> {
    const connected = call(
      `Connecting the ${this.#kind}`,
      timeoutMs,
      (done) => this.native.connect({ timeout: timeoutMs }, done),
      (failure) => this.#connectError(failure, timeoutMs),
    );
    // librdkafka goes on trying after a refused login, so the login's error ends the wait. The pending connect fails
    // later and disconnects by itself; disconnecting meanwhile would crash.
    const refused = new Promise<never>((_, reject) => {
      this.#onAuthenticationError = reject;
    });
    connected.catch(() => {});
    try {
      await Promise.race([connected, refused]);
    } catch (error) {
      this.#closing = Promise.resolve();
      throw error;
    } finally {
      this.#onAuthenticationError = undefined;
    }
  }

  /** Disconnects. Idempotent, and harmless before `connect`: a second native disconnect would crash the process. */
  close(): Promise<void> {
    this.#closing ??= this.native.isConnected() ? this.#disconnect() : Promise.resolve();
    return this.#closing;
  }

  async #disconnect(): Promise<void> {
    const action = `Disconnecting the ${this.#kind}`;
    try {
      await call(
        action,
        DISCONNECT_TIMEOUT_MS,
        (done) => this.native.disconnect(done),
        (failure) => asMillraceError(failure, action),
      );
    } catch (error) {
      this.#options.onLog('warn', (error as Error).message);
    }
  }

  #noteError(error: NativeError): void {
    this.#lastError = error;
    if (isAuthenticationError(error.code) && this.#onAuthenticationError !== undefined) {
      this.#onAuthenticationError(this.#connectError(error, 0));
    } else if (error.isFatal === true || error.code === CODE.FATAL) {
      this.#options.onError(asMillraceError({ ...error, message: error.message, isFatal: true }, `The ${this.#kind}`));
    } else if (!this.isClosed) {
      this.#options.onLog('warn', `${this.#kind}: ${error.message}`);
    }
  }

  #noteLog({ severity, message }: { severity: number; message: string }): void {
    // While nothing polls the client, a refused login is told in the log alone.
    const trouble = severity < LOG_WARNING ? SASL_TROUBLE.exec(message)?.[0] : undefined;
    if (trouble !== undefined && this.#onAuthenticationError !== undefined) {
      this.#noteError({ code: CODE.AUTHENTICATION, message: trouble });
    }
    this.#options.onLog(logLevel(severity), `${this.#kind}: ${message}`);
  }

  #connectError(failure: NativeFailure, timeoutMs: number): MillraceError {
    const { bootstrapServers } = this.#options;
    const context = { bootstrapServers };
    const last = this.#lastError;
    if (last !== undefined && isAuthenticationError(last.code)) {
      return new MillraceError(
        'AUTHENTICATION_FAILED',
        `The broker at ${bootstrapServers} refused the login: ${last.message}. Check security.protocol, sasl.mechanism, sasl.username and sasl.password.`,
        { context },
      );
    }
    const detail = asMillraceError(failure, 'connect').message;
    return new MillraceError(
      'BROKER_UNREACHABLE',
      `No Kafka broker answered at ${bootstrapServers} within ${timeoutMs} ms (${last?.message ?? detail}). Check the address and that the broker is running.`,
      { retriable: true, context },
    );
  }
}

function logLevel(severity: number): 'error' | 'warn' | 'info' | 'debug' {
  if (severity < LOG_WARNING) return 'error';
  if (severity <= LOG_NOTICE) return 'warn';
  return severity === LOG_INFO ? 'info' : 'debug';
}
