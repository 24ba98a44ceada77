import pc from 'picocolors';
import type { StreamsLogger } from '../kafka-streams.ts';
import type { Display } from './display.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

const shown: Record<Level, string> = { debug: pc.dim('debug'), info: pc.blue('info'), warn: pc.yellow('warn'), error: pc.red('error') };

/**
 * The engine's log lines between the progress of a command, as text. Level by the environment variable MILLRACE_LOG;
 * default `error`, since what a job thinks worth telling is in its report.
 */
export function consoleLogger(display: Display): StreamsLogger {
  const least = LEVELS.indexOf((process.env.MILLRACE_LOG ?? 'error') as Level);
  const at = (level: Level) => (_context: object, message: string) => {
    if (LEVELS.indexOf(level) >= least) display.line(`${shown[level]} ${message}`);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
