import pc from 'picocolors';
import type { BrokerStartOptions, LogLevel } from '../broker/index.ts';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** The broker's log for somebody at a terminal; elsewhere it is JSON lines, for machines. */
export function terminalLog(level: LogLevel): NonNullable<BrokerStartOptions['log']> {
  const least = LEVELS.indexOf(level);
  const at =
    (name: LogLevel, shown: string) =>
    (message: string): void => {
      if (LEVELS.indexOf(name) >= least) process.stderr.write(`${shown} ${message}\n`);
    };
  return {
    debug: at('debug', pc.dim('debug')),
    info: at('info', pc.blue('info')),
    warn: at('warn', pc.yellow('warn')),
    error: at('error', pc.red('error')),
  };
}
