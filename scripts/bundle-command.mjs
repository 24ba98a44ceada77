/**
 * Bundles the command into dist/cli: a broker made of 150 files takes Node longer to load than to start. Every command is
 * a chunk of its own, loaded when it is called for. `run` is left as separate files: its workers and the user's modules
 * must share one copy of the library with it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** @type {import('esbuild').Plugin} */
const runStaysOutside = {
  name: 'run-stays-outside',
  setup({ onResolve }) {
    onResolve({ filter: /\/run\.ts$/ }, ({ importer }) =>
      importer.endsWith('command-table.ts') ? { path: '../src/cli/run.js', external: true } : undefined,
    );
  },
};

export async function bundleCommand() {
  const startedMs = Date.now();
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'src', 'cli', 'main.ts')],
    outdir: path.join(root, 'dist', 'cli'),
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    legalComments: 'none',
    sourcemap: true,
    write: false,
    logLevel: 'warning',
    plugins: [runStaysOutside],
  });
  // Somebody may be starting the command: each file is there as a whole or not at all, the one that names the others last.
  const isMain = (/** @type {string} */ file) => path.basename(file) === 'main.js';
  for (const { path: file, contents } of outputFiles.toSorted((a, b) => Number(isMain(a.path)) - Number(isMain(b.path)))) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const temporary = `${file}.${process.pid}`;
    fs.writeFileSync(temporary, contents);
    // What is edited while this runs is newer than the bundle.
    fs.utimesSync(temporary, startedMs / 1000, startedMs / 1000);
    fs.renameSync(temporary, file);
  }
}

/** Puts the broker's thread into one file, in place of the compiled entry: its 200 modules take longer to load than it takes to start. */
export async function bundleBrokerThread() {
  await build({
    entryPoints: [path.join(root, 'workers', 'broker.ts')],
    outfile: path.join(root, 'dist', 'workers', 'broker.js'),
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    legalComments: 'none',
    sourcemap: true,
    logLevel: 'warning',
  });
}
