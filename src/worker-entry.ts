import { fileURLToPath } from 'node:url';

/** What `new Worker(...)` or a piscina pool needs to start an entry point. */
export interface WorkerEntry {
  /** Absolute `file:` URL of the entry, as text (piscina wants text; for `Worker` wrap it in `new URL`). */
  readonly url: string;
  /** Node options for the thread. Empty when the entry is plain JavaScript. */
  readonly execArgv: string[];
}

const TYPESCRIPT = /\.[cm]?tsx?$/;

/**
 * How to start a worker thread from `url`. Where the entry, or a module that the thread will import, is TypeScript, it
 * gets the loader passed explicitly, because nothing hands it on by itself: not Node 20, not tsx, and vitest compiles in
 * the main thread only.
 *
 * @param modules URLs of modules that the thread imports when it runs, such as a topology.
 */
export function workerEntry(url: URL, modules: readonly string[] = []): WorkerEntry {
  // Compilers rewrite imports, not URLs: in the published package the entry is compiled like this file.
  if (!TYPESCRIPT.test(new URL(import.meta.url).pathname)) url = new URL(url.href.replace(/\.ts$/, '.js'));
  const isTypeScript = [url.href, ...modules].some((href) => TYPESCRIPT.test(new URL(href).pathname));
  const preload = fileURLToPath(new URL('../workers/typescript.mjs', import.meta.url));
  return { url: url.href, execArgv: isTypeScript ? ['--import', preload] : [] };
}
