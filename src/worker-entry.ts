import { fileURLToPath } from 'node:url';

/** What `new Worker(...)` or a piscina pool needs to start an entry point. */
export interface WorkerEntry {
  /** Absolute `file:` URL of the entry, as text (piscina wants text; for `Worker` wrap it in `new URL`). */
  readonly url: string;
  /** Node options for the thread. Empty when the entry is plain JavaScript. */
  readonly execArgv: string[];
}

/**
 * How to start a worker thread from `url`. A TypeScript entry gets the loader passed explicitly, because nothing hands it
 * on by itself: not Node 20, not tsx, and vitest compiles in the main thread only.
 */
export function workerEntry(url: URL): WorkerEntry {
  const isTypeScript = url.pathname.endsWith('.ts');
  const preload = fileURLToPath(new URL('../workers/typescript.mjs', import.meta.url));
  return { url: url.href, execArgv: isTypeScript ? ['--import', preload] : [] };
}
