/** Compiles src and workers to dist, and bundles the command and the broker's thread, for the published package. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleBrokerThread, bundleCommand } from './bundle-command.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
fs.rmSync(path.join(root, 'dist'), { recursive: true, force: true });
const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
// What is JavaScript already, such as the loader for users' TypeScript.
for (const name of fs.readdirSync(path.join(root, 'workers'))) {
  if (name.endsWith('.mjs')) fs.copyFileSync(path.join(root, 'workers', name), path.join(root, 'dist', 'workers', name));
}
// The types speak of Buffer; the compiler does not say where that comes from.
for (const entry of ['index', 'broker/index', 'testing/index']) {
  const file = path.join(root, 'dist', 'src', `${entry}.d.ts`);
  fs.writeFileSync(file, `/// <reference types="node" />\n${fs.readFileSync(file, 'utf8')}`);
}
await bundleCommand();
await bundleBrokerThread();
