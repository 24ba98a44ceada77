const INTERVAL_MS = 250;
const format = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A line on stderr that counts, if that is a terminal; nothing otherwise. */
export class Progress {
  readonly #read: () => string;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(read: () => string) {
    this.#read = read;
    // Where the terminal shows results, a counter would only be in the way.
    if (!process.stderr.isTTY || process.stdout.isTTY) return;
    this.#timer = setInterval(() => process.stderr.write(`\r\x1b[K${this.#read()}`), INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    process.stderr.write('\r\x1b[K');
  }
}

/** `12,345 records`. */
export function counted(count: number, what: string): string {
  return `${format.format(count)} ${what}${count === 1 ? '' : 's'}`;
}
