/**
 * The native client, @confluentinc/kafka-javascript (librdkafka with a Node binding). In this order: what is installed
 * already; a build kept from another clone; the publisher's prebuilt binary from GitHub; a build from the sources in the
 * package. Each is tried by loading it in a process of its own, since a bad binary may take its process down.
 */
import fs from 'node:fs';
import path from 'node:path';
import { buildNativeClient } from './build-native.mjs';
import { SetupError, tail } from './errors.mjs';

/** @typedef {import('./environment.mjs').Environment} Environment */

const PACKAGE = path.join('node_modules', '@confluentinc', 'kafka-javascript');
const BINARY = path.join('build', 'Release', 'confluent-kafka-javascript.node');
const PROBE_TIMEOUT_MS = 5_000;
const DOWNLOAD_TIMEOUT_MS = 90_000;
const LOAD_TIMEOUT_MS = 30_000;

/** @param {string} root */
export function nativeBinary(root) {
  return path.join(root, PACKAGE, BINARY);
}

/**
 * @param {Environment} environment
 * @returns {Promise<boolean>} whether it had to be put there
 */
export async function ensureNativeClient(environment) {
  const packageDir = path.join(environment.root, PACKAGE);
  if ((await loadError(environment)) === undefined) return false;
  if (await fromCache(environment, packageDir)) return true;
  if (await fromDownload(environment, packageDir)) return true;
  const buildDir = await buildNativeClient(environment, packageDir);
  installBuild(buildDir, packageDir);
  const error = await loadError(environment);
  if (error !== undefined) {
    throw new SetupError(
      `The native Kafka client was built but does not load, which is a defect of this set-up. Loading it said:\n${error}`,
    );
  }
  keep(environment, buildDir, packageDir);
  fs.rmSync(path.dirname(buildDir), { recursive: true, force: true });
  return true;
}

/**
 * @param {Environment} environment
 * @returns {Promise<string | undefined>} undefined: it loads
 */
async function loadError({ root, nodePath, run }) {
  if (!fs.existsSync(nativeBinary(root))) return 'there is no binary';
  const { code, output } = await run(nodePath, ['-e', "require('@confluentinc/kafka-javascript')"], {
    cwd: root,
    timeoutMs: LOAD_TIMEOUT_MS,
  });
  return code === 0 ? undefined : tail(output) || `node ended with code ${code}`;
}

/**
 * @param {Environment} environment
 * @param {string} packageDir
 */
async function fromCache(environment, packageDir) {
  const kept = keptBuild(environment, packageDir);
  if (kept === undefined || !fs.existsSync(kept)) return false;
  installBuild(kept, packageDir);
  if ((await loadError(environment)) === undefined) {
    environment.log(`setup: native Kafka client taken from ${kept}`);
    return true;
  }
  fs.rmSync(kept, { recursive: true, force: true });
  return false;
}

/**
 * @param {Environment} environment
 * @param {string} packageDir
 */
async function fromDownload(environment, packageDir) {
  const { env, log, nodePath, root, run, reachable } = environment;
  const host = new URL(readManifest(packageDir).binary.host);
  // Node's fetch knows no proxies, node-pre-gyp does; with one set, only the real attempt can tell.
  const behindProxy = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'npm_config_proxy', 'npm_config_https_proxy'].some(
    (name) => env[name],
  );
  if (!behindProxy && !(await reachable(host.origin, PROBE_TIMEOUT_MS))) {
    log(`setup: ${host.host} cannot be reached, so there is no prebuilt native client`);
    return false;
  }
  log(`setup: downloading the prebuilt native Kafka client from ${host.host}`);
  fs.rmSync(path.join(packageDir, 'build'), { recursive: true, force: true });
  const preGyp = path.join(root, 'node_modules', '@mapbox', 'node-pre-gyp', 'bin', 'node-pre-gyp');
  const { code, timedOut, output } = await run(nodePath, [preGyp, 'install'], { cwd: packageDir, timeoutMs: DOWNLOAD_TIMEOUT_MS });
  const problem = code === 0 ? await loadError(environment) : timedOut ? `nothing after ${DOWNLOAD_TIMEOUT_MS / 1000} s` : tail(output, 3);
  if (problem === undefined) return true;
  log(`setup: the prebuilt native client cannot be used: ${problem}`);
  return false;
}

/**
 * Copies what is needed at run time: the binding, and librdkafka where it is linked dynamically.
 * @param {string} buildDir
 * @param {string} packageDir
 */
function installBuild(buildDir, packageDir) {
  const target = path.join(packageDir, 'build');
  const partial = path.join(packageDir, 'build.partial');
  fs.rmSync(partial, { recursive: true, force: true });
  copyRuntimeFiles(buildDir, partial);
  fs.rmSync(target, { recursive: true, force: true });
  fs.renameSync(partial, target);
}

/**
 * @param {string} from
 * @param {string} to
 */
function copyRuntimeFiles(from, to) {
  for (const folder of ['Release', 'deps']) {
    const source = path.join(from, folder);
    if (!fs.existsSync(source)) continue;
    fs.mkdirSync(path.join(to, folder), { recursive: true });
    for (const name of fs.readdirSync(source)) {
      if (!/\.(node|dylib)$|\.so(\.\d+)*$/.test(name)) continue;
      fs.copyFileSync(path.join(source, name), path.join(to, folder, name));
    }
  }
}

/**
 * Keeps a build for the next clone, so that it does not take two minutes there again. Without the right to write
 * there, that one builds anew.
 * @param {Environment} environment
 * @param {string} buildDir
 * @param {string} packageDir
 */
function keep(environment, buildDir, packageDir) {
  const kept = keptBuild(environment, packageDir);
  if (kept === undefined) return;
  const partial = `${kept}.${process.pid}`;
  try {
    copyRuntimeFiles(buildDir, partial);
    fs.rmSync(kept, { recursive: true, force: true });
    fs.renameSync(partial, kept);
  } catch (error) {
    fs.rmSync(partial, { recursive: true, force: true });
    environment.log(`setup: the native client was not kept for other clones (${String(error)})`);
  }
}

/**
 * @param {Environment} environment
 * @param {string} packageDir
 */
function keptBuild({ cacheDir, nodeAbi, platform, arch, libc }, packageDir) {
  if (cacheDir === '') return undefined;
  return path.join(cacheDir, `kafka-javascript-${readManifest(packageDir).version}-abi${nodeAbi}-${platform}-${arch}-${libc}`);
}

/** @param {string} packageDir */
function readManifest(packageDir) {
  return JSON.parse(fs.readFileSync(path.join(packageDir, 'package.json'), 'utf8'));
}
