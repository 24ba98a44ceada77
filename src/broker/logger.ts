import { writeSync } from 'node:fs';
import type { CoordinatorLogger } from './coordinator/deps.ts';

/** Where the broker writes what an operator may want to read. */
export type BrokerLogger = CoordinatorLogger;

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** Numbers that pino and bunyan give to levels, so that their viewers read these lines. */
const LEVEL_NUMBERS = { debug: 20, info: 30, warn: 40, error: 50 };

/** A logger whose level can be changed while the broker runs. */
export interface LeveledLogger extends BrokerLogger {
  level: LogLevel;
}

export function hasLevel(logger: BrokerLogger): logger is LeveledLogger {
  return 'level' in logger && LEVELS.some((level) => level === logger.level);
}

const STDERR = 2;

/**
 * JSON lines on stderr in pino's format, written at once so that the last words of a crash are there. Pino itself would
 * take as long to load as the broker takes to start.
 */
export function stderrLogger(level: LogLevel): LeveledLogger {
  const at = (name: keyof typeof LEVEL_NUMBERS) => (message: string) => {
    if (LEVELS.indexOf(name) < LEVELS.indexOf(logger.level)) return;
    const line = JSON.stringify({ level: LEVEL_NUMBERS[name], time: Date.now(), name: 'millrace-broker', msg: message });
    try {
      writeSync(STDERR, `${line}\n`);
    } catch {
      // Nobody reads stderr, or a pipe is full: a log line is not worth a broker.
    }
  };
  const logger: LeveledLogger = { level, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return logger;
}
