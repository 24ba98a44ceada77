import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import pc from 'picocolors';
import { isMillraceError } from '../errors.ts';
import { runCommand } from './run.ts';

function version(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // Sources lie two levels below the package, compiled files three.
    }
  }
  return 'unknown';
}

const program = new Command('millrace')
  .description('Kafka Streams for TypeScript, and an embedded Kafka broker')
  .version(version())
  .enablePositionalOptions()
  .showSuggestionAfterError()
  .addCommand(runCommand().passThroughOptions());

try {
  await program.parseAsync();
} catch (error) {
  // Our own errors say all there is to say in their message; for anything else the stack is what helps.
  const known = isMillraceError(error);
  process.stderr.write(`${pc.red('error')} ${known ? `${error.message} [${error.code}]` : ((error as Error)?.stack ?? String(error))}\n`);
  process.exitCode = 1;
}
