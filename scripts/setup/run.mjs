import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { checkNode } from './checks.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { SetupError } from './errors.mjs';
import { holdLock } from './lock.mjs';
import { ensureNativeClient, nativeBinary } from './native-client.mjs';

/** @typedef {import('./environment.mjs').Environment} Environment */

/**
 * @param {Environment} environment
 * @returns {Promise<number>} the exit code: 0 ready, 1 something for the user to mend (said in one message)
 */
export async function runSetup(environment) {
  try {
    checkNode(environment);
    if (readStamp(environment) === stampOf(environment)) return 0;
    await holdLock(environment, () => bringUpToDate(environment));
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    environment.log(`setup: ${error.message}`);
    return 1;
  }
}

/** @param {Environment} environment */
async function bringUpToDate(environment) {
  if (readStamp(environment) === stampOf(environment)) return; // another process did it while we waited
  const started = environment.now();
  const installed = await ensureDependencies(environment);
  const native = await ensureNativeClient(environment);
  fs.writeFileSync(stampFile(environment), stampOf(environment));
  if (!installed && !native) return;
  environment.log(`setup: ready after ${((environment.now() - started) / 1000).toFixed(1)} s`);
}

/**
 * What the finished set-up was made from. Any change of lock, Node or native binary gives another text. It lies in
 * node_modules, so it goes where they go.
 * @param {Environment} environment
 */
function stampOf(environment) {
  const { root, nodeAbi, platform, arch } = environment;
  const hash = crypto.createHash('sha256');
  for (const file of ['package.json', 'package-lock.json', 'node_modules/.package-lock.json']) {
    hash.update(readOrEmpty(path.join(root, file))).update('\0');
  }
  const binary = fs.statSync(nativeBinary(root), { throwIfNoEntry: false });
  return JSON.stringify({
    dependencies: hash.digest('hex'),
    node: `${nodeAbi}-${platform}-${arch}`,
    native: binary === undefined ? 'none' : `${binary.size}-${Math.trunc(binary.mtimeMs)}`,
  });
}

/** @param {Environment} environment */
function readStamp(environment) {
  return readOrEmpty(stampFile(environment)).toString();
}

/** @param {Environment} environment */
function stampFile({ root }) {
  return path.join(root, 'node_modules', '.millrace-setup.json');
}

/** @param {string} file */
function readOrEmpty(file) {
  try {
    return fs.readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}
