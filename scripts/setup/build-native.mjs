/**
 * Builds the native client from the sources in its package, against the system's libraries. It builds in a copy of the
 * package, so that an interrupted build leaves nothing half done in node_modules.
 */
import fs from 'node:fs';
import path from 'node:path';
import { checkDisk, checkToolchain, diskFull, missingLibraries, NATIVE_BUILD_BYTES } from './checks.mjs';
import { npmCommand } from './dependencies.mjs';
import { SetupError, tail } from './errors.mjs';
import { headerDirectory } from './node-headers.mjs';

/** @typedef {import('./environment.mjs').Environment} Environment */

const PROGRESS_INTERVAL_MS = 20_000;

/**
 * @param {Environment} environment
 * @param {string} packageDir the installed package
 * @returns {Promise<string>} the `build` directory with the result, in a scratch folder that the caller deletes
 */
export async function buildNativeClient(environment, packageDir) {
  const { root, nodePath, run, log } = environment;
  await checkToolchain(environment);
  await ensureLibraries(environment);
  checkDisk(environment, NATIVE_BUILD_BYTES, 'building the native Kafka client');
  const nodeGyp = await findNodeGyp(environment);
  // Below node_modules, so that the build finds the package `nan` as it would in its own place.
  const scratch = path.join(root, 'node_modules', '.cache', 'millrace-native');
  fs.rmSync(scratch, { recursive: true, force: true });
  fs.cpSync(packageDir, scratch, { recursive: true, filter: (source) => source !== path.join(packageDir, 'build') });
  const nodedir = await headerDirectory(environment, scratch);
  log('setup: building the native Kafka client from source; about 2 minutes on 2 cores');
  const stopClock = startClock(environment);
  const { code, output } = await run(nodePath, [nodeGyp, 'rebuild'], {
    cwd: scratch,
    // With JOBS above 1 the top make starts the binding before librdkafka is configured, and fails.
    env: {
      CKJS_LINKING: 'dynamic',
      JOBS: undefined,
      npm_config_jobs: undefined,
      ...(nodedir === undefined ? {} : { npm_config_nodedir: nodedir }),
    },
  });
  stopClock();
  if (code === 0) return path.join(scratch, 'build');
  if (/ENOSPC|No space left on device/.test(output)) throw diskFull(environment, NATIVE_BUILD_BYTES, 'building the native Kafka client');
  throw new SetupError(`Building the native Kafka client failed. The end of what the build said:\n${tail(output, 30)}`);
}

/**
 * As root on Debian the missing packages are installed; anybody else gets the one command to run.
 * @param {Environment} environment
 */
async function ensureLibraries(environment) {
  const { isRoot, run, log } = environment;
  const missing = await missingLibraries(environment);
  if (missing.length === 0) return;
  const canInstall = isRoot && (await run('apt-get', ['--version'], { timeoutMs: 10_000 })).code === 0;
  if (!canInstall) throw new SetupError(librariesMessage(missing, 'are missing'));
  log(`setup: installing ${missing.join(' ')} with apt-get`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update'], { env });
  const { code, output } = await run('apt-get', ['install', '-y', '--no-install-recommends', ...missing], { env });
  if (code !== 0) throw new SetupError(`${librariesMessage(missing, 'could not be installed')}\napt-get said:\n${tail(output)}`);
  const still = await missingLibraries(environment);
  if (still.length > 0) throw new SetupError(librariesMessage(still, 'are installed, yet the compiler does not find their headers'));
}

/**
 * @param {readonly string[]} packages
 * @param {string} what
 */
function librariesMessage(packages, what) {
  return `System libraries for building the native Kafka client ${what}. Run this as root (names are Debian's), then try again:\n  apt-get update && apt-get install -y ${packages.join(' ')}`;
}

/**
 * npm brings node-gyp along: beside the npm that runs us, or beside the one on the path.
 * @param {Environment} environment
 */
async function findNodeGyp(environment) {
  const { env, nodePath, run } = environment;
  const inside = path.join('node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const candidates = [env['npm_config_node_gyp']];
  if (env['npm_execpath']) candidates.push(path.join(path.dirname(env['npm_execpath']), '..', inside));
  candidates.push(path.join(path.dirname(nodePath), '..', 'lib', 'node_modules', 'npm', inside));
  const npm = npmCommand(environment);
  const { code, output } = await run(npm.command, [...npm.args, 'root', '--global'], { timeoutMs: 30_000 });
  if (code === 0) candidates.push(path.join(tail(output, 1), 'npm', inside));
  const found = candidates.find((file) => file !== undefined && fs.existsSync(file));
  if (found !== undefined) return found;
  throw new SetupError(
    'node-gyp, which comes with npm, was not found. Install it with npm install --global node-gyp and set npm_config_node_gyp to its bin/node-gyp.js.',
  );
}

/**
 * A sign of life while the compiler is silent.
 * @param {Environment} environment
 * @returns {() => void} stops it and says how long it took
 */
function startClock({ now, log }) {
  const started = now();
  const seconds = () => Math.round((now() - started) / 1000);
  const timer = setInterval(() => log(`setup: still building, ${seconds()} s`), PROGRESS_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    log(`setup: the build took ${seconds()} s`);
  };
}
