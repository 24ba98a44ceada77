import { pino } from 'pino';
import type { CoordinatorLogger } from './coordinator/deps.ts';

/** Where the broker writes what an operator may want to read. */
export type BrokerLogger = CoordinatorLogger;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines on stderr, written at once so that the last words of a crash are there. */
export function stderrLogger(level: LogLevel): BrokerLogger {
  const logger = pino({ name: 'millrace-broker', level, base: null }, pino.destination({ dest: 2, sync: true }));
  return {
    debug: (message) => logger.debug(message),
    info: (message) => logger.info(message),
    warn: (message) => logger.warn(message),
    error: (message) => logger.error(message),
  };
}
