import { SetupError } from './errors.mjs';

/** @typedef {import('./environment.mjs').Environment} Environment */

const MIN_NODE = [20, 19];

/** What set-up needs on disk: dependencies unpacked, and the native client with its build directory. */
export const DEPENDENCIES_BYTES = 900 * 1024 * 1024;
export const NATIVE_BUILD_BYTES = 400 * 1024 * 1024;

/**
 * The headers that the native client is built against, each with the Debian package that has it.
 * @type {readonly (readonly [header: string, debianPackage: string])[]}
 */
export const SYSTEM_LIBRARIES = [
  ['curl/curl.h', 'libcurl4-openssl-dev'],
  ['zlib.h', 'zlib1g-dev'],
  ['openssl/ssl.h', 'libssl-dev'],
  ['zstd.h', 'libzstd-dev'],
  ['sasl/sasl.h', 'libsasl2-dev'],
];

const TOOLCHAIN = ['gcc', 'g++', 'make', 'python3'];

/** @param {Environment} environment */
export function checkNode({ nodeVersion }) {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const [minMajor = 0, minMinor = 0] = MIN_NODE;
  if (major > minMajor || (major === minMajor && minor >= minMinor)) return;
  throw new SetupError(
    `Node ${nodeVersion} is too old: Millrace needs Node ${MIN_NODE.join('.')} or newer. ` +
      'Install one from https://nodejs.org or with your version manager (for example: nvm install 22), then run this again.',
  );
}

/**
 * @param {Environment} environment
 * @param {number} neededBytes
 * @param {string} what
 */
export function checkDisk(environment, neededBytes, what) {
  if (environment.freeBytes(environment.root) < neededBytes) throw diskFull(environment, neededBytes, what);
}

/**
 * @param {Environment} environment
 * @param {number} neededBytes
 * @param {string} what
 */
export function diskFull({ root, freeBytes }, neededBytes, what) {
  const mb = (/** @type {number} */ bytes) => `${Math.floor(bytes / 1024 / 1024)} MB`;
  return new SetupError(
    `The disk of ${root} is full: ${what} needs ${mb(neededBytes)}, ${mb(freeBytes(root))} are free. Free some space, then run this again.`,
  );
}

/**
 * A compiler and the tools node-gyp calls.
 * @param {Environment} environment
 */
export async function checkToolchain({ run, env }) {
  const missing = [];
  for (const tool of TOOLCHAIN) {
    const command = (tool === 'gcc' && env['CC']) || (tool === 'g++' && env['CXX']) || tool;
    const { code } = await run(command, ['--version'], { timeoutMs: 10_000 });
    if (code !== 0) missing.push(tool);
  }
  if (missing.length === 0) return;
  throw new SetupError(
    `The native Kafka client has to be built here, and these tools for it are missing: ${missing.join(', ')}. ` +
      'On Debian or Ubuntu: apt-get install -y build-essential python3. Then run this again.',
  );
}

/**
 * The Debian packages whose headers the compiler does not find.
 * @param {Environment} environment
 */
export async function missingLibraries({ run, env }) {
  const missing = [];
  for (const [header, debianPackage] of SYSTEM_LIBRARIES) {
    const { code } = await run(env['CXX'] || 'g++', ['-E', '-x', 'c++', '-o', '/dev/null', '-'], {
      input: `#include <${header}>\n`,
      timeoutMs: 30_000,
    });
    if (code !== 0) missing.push(debianPackage);
  }
  return missing;
}
