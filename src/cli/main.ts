import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import pc from 'picocolors';
import { isMillraceError } from '../errors.ts';
import { watchStdout } from './broken-pipe.ts';
import { commandFirst, EXIT, newCommand } from './command.ts';
import { COMMANDS } from './command-table.ts';
import { errorText } from './error-text.ts';

await main(process.argv.slice(2));

/** Loads the one command that is asked for, and runs it. */
async function main(args: readonly string[]): Promise<void> {
  watchStdout(fail);
  const asked = args[0] === 'help' ? args[1] : args[0];
  const program = newCommand('millrace', 'Kafka Streams for TypeScript, and an embedded Kafka broker')
    .version(version(), '-V, --version', 'show the version')
    .enablePositionalOptions()
    .addHelpText('after', '\nmillrace COMMAND --help tells the options of a command.');
  try {
    for (const { name, summary, load } of COMMANDS) {
      program.addCommand(name === asked ? await load() : newCommand(name, summary));
    }
    if (args[0] === 'help' || args.length === 0) {
      const about = program.commands.find((command) => command.name() === asked) ?? program;
      process.stdout.write(about.helpInformation());
      return;
    }
    const [name = '', ...rest] = args;
    const group = program.commands.find((command) => command.name() === name);
    await program.parseAsync(group === undefined ? args : [name, ...commandFirst(group, rest)], { from: 'user' });
  } catch (error) {
    fail(error);
  }
}

function version(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // Sources and the bundle lie two levels below the package, compiled files three.
    }
  }
  return 'unknown';
}

/** Our own errors say all there is to say in their message; for anything else the stack is what helps. */
function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return;
    process.exitCode = EXIT.usage;
    say(error.message.replace(/^error: /, ''));
    return;
  }
  process.exitCode = EXIT.failed;
  say(isMillraceError(error) ? errorText(error) : ((error as Error)?.stack ?? String(error)));
}

function say(message: string): void {
  process.stderr.write(`${pc.red('error')} ${message}\n`);
}
