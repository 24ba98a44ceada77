/**
 * Everything the set-up takes from the outside world, in one object, so that tests can put another world there.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} RunResult
 * @property {number} code   exit code; -1 when the command could not be started or was stopped by a signal
 * @property {boolean} timedOut
 * @property {string} output the last 64 KiB of what it printed, stdout and stderr together
 */

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] added to the environment; undefined removes a variable
 * @property {number} [timeoutMs]
 * @property {string} [input]
 * @property {boolean} [show] also pass the output on to the terminal
 */

/**
 * @typedef {object} Environment
 * @property {string} root            the repository
 * @property {string} nodeVersion     without the leading v
 * @property {string} nodeAbi         process.versions.modules
 * @property {string} nodePath        the node executable
 * @property {string} platform
 * @property {string} arch
 * @property {string} libc            glibc, musl or empty
 * @property {boolean} isRoot
 * @property {Record<string, string | undefined>} env
 * @property {string} cacheDir        where built native clients are kept between clones; empty: nowhere
 * @property {(command: string, args: readonly string[], options?: RunOptions) => Promise<RunResult>} run
 * @property {(url: string, timeoutMs: number) => Promise<boolean>} reachable
 * @property {(dir: string) => number} freeBytes
 * @property {() => number} now       in ms
 * @property {(message: string) => void} log
 */

const OUTPUT_TAIL_BYTES = 64 * 1024;

/** @returns {Environment} */
export function realEnvironment() {
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
  return {
    root,
    nodeVersion: process.versions.node,
    nodeAbi: process.versions.modules,
    nodePath: process.execPath,
    platform: process.platform,
    arch: process.arch,
    libc: libcName(),
    isRoot: process.getuid?.() === 0,
    env: process.env,
    cacheDir: cacheDir(process.env),
    run,
    reachable,
    freeBytes: (dir) => {
      const stats = fs.statfsSync(dir);
      return stats.bavail * stats.bsize;
    },
    now: () => performance.now(),
    log: (message) => process.stderr.write(`${message}\n`),
  };
}

/** @param {Record<string, string | undefined>} env */
function cacheDir(env) {
  if (env['MILLRACE_NATIVE_CACHE'] === 'off') return '';
  return path.join(env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache'), 'millrace', 'native');
}

/** The name node-pre-gyp's file names use; the process report would tell too, but takes 50 ms to write. */
function libcName() {
  if (process.platform !== 'linux') return '';
  return fs.existsSync('/etc/alpine-release') ? 'musl' : 'glibc';
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: mergedEnv(options.env),
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const stop = () => child.kill('SIGKILL');
    process.once('exit', stop); // a set-up that was told to end leaves nothing running behind it
    let output = '';
    let timedOut = false;
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            stop();
          }, options.timeoutMs);
    const take = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString()).slice(-OUTPUT_TAIL_BYTES);
      if (options.show) process.stderr.write(chunk);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    const settle = (/** @type {RunResult} */ result) => {
      clearTimeout(timer);
      process.off('exit', stop);
      resolve(result);
    };
    child.on('error', (error) => settle({ code: -1, timedOut, output: `${output}${error.message}\n` }));
    child.on('close', (code) => settle({ code: code ?? -1, timedOut, output }));
    child.stdin?.on('error', () => {}); // a child that ends before reading its input is judged by its exit code
    child.stdin?.end(options.input);
  });
}

/** @param {Record<string, string | undefined>} [changes] */
function mergedEnv(changes) {
  const merged = { ...process.env, ...changes };
  for (const name of Object.keys(merged)) if (merged[name] === undefined) delete merged[name];
  return merged;
}

/**
 * Whether a server answers at all, with whatever status. Short, so that a machine behind no network does not wait.
 * @param {string} url
 * @param {number} timeoutMs
 */
async function reachable(url, timeoutMs) {
  try {
    await fetch(url, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    return true;
  } catch {
    return false;
  }
}
