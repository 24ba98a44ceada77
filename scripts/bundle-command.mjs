/**
 * Bundles the command into dist/cli: a broker made of 150 files takes Node longer to load than to start. Every command is
 * a chunk of its own, loaded when it is called for. `run` is left as separate files: its workers and the user's modules
 * must share one copy of the library with it.
 */
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
  await build({
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
    logLevel: 'warning',
    plugins: [runStaysOutside],
  });
}
