import { EXIT } from './command.ts';

/** Nobody reads what is written: with nothing to clean up there is nothing to do either. */
let onBroken: () => void = () => process.exit(process.exitCode ?? EXIT.ok);

/** What to do instead of ending at once when the reader of stdout goes away, as in `| head`. */
export function whenPipeBreaks(handler: () => void): void {
  onBroken = handler;
}

/** Makes a reader that went away the quiet end of the command; `fail` gets any other trouble with stdout. */
export function watchStdout(fail: (error: Error) => void): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') onBroken();
    else fail(error);
  });
}
