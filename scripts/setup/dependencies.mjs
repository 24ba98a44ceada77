/**
 * Brings node_modules to what package-lock.json says. Install scripts are never run here: only the native client needs
 * its own, and native-client.mjs does that work with the settings it needs. (esbuild, msgpackr-extract and @node-rs/crc32
 * get their binaries as packages.)
 */
import fs from 'node:fs';
import path from 'node:path';
import { checkDisk, DEPENDENCIES_BYTES, diskFull } from './checks.mjs';
import { SetupError, tail } from './errors.mjs';

/** @typedef {import('./environment.mjs').Environment} Environment */
/**
 * @typedef {object} LockEntry
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [optional]
 */

const NATIVE_CLIENT = 'node_modules/@confluentinc/kafka-javascript';
const DEPENDENCY_FIELDS = ['dependencies', 'devDependencies', 'optionalDependencies'];

/**
 * @param {Environment} environment
 * @returns {Promise<boolean>} whether anything had to be installed
 */
export async function ensureDependencies(environment) {
  const lock = readLock(environment.root);
  checkLockFitsManifest(environment.root, lock);
  const difference = firstDifference(environment.root, lock.packages);
  if (difference === undefined) return false;
  checkDisk(environment, DEPENDENCIES_BYTES, 'installing the dependencies');
  environment.log(`setup: installing the dependencies from package-lock.json (${difference})`);
  const npm = npmCommand(environment);
  const args = [...npm.args, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--include=dev', '--include=optional'];
  const { code, output } = await environment.run(npm.command, args, { cwd: environment.root });
  if (code === 0) return true;
  if (output.includes('ENOSPC')) throw diskFull(environment, DEPENDENCIES_BYTES, 'installing the dependencies');
  throw new SetupError(
    `npm ci failed, so the dependencies are not installed. Check the network and the npm registry, then run this again. npm said:\n${tail(output)}`,
  );
}

/** @param {string} root */
function readLock(root) {
  try {
    return JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  } catch (error) {
    throw new SetupError(`package-lock.json in ${root} cannot be read (${String(error)}). Restore it: git checkout package-lock.json`);
  }
}

/**
 * `npm ci` would refuse with a page of text; this names the one entry.
 * @param {string} root
 * @param {{ packages: Record<string, Record<string, unknown>> }} lock
 */
function checkLockFitsManifest(root, lock) {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const locked = lock.packages[''] ?? {};
  for (const field of DEPENDENCY_FIELDS) {
    const wanted = manifest[field] ?? {};
    const have = /** @type {Record<string, string>} */ (locked[field] ?? {});
    const name = Object.keys({ ...wanted, ...have }).find((key) => wanted[key] !== have[key]);
    if (name === undefined) continue;
    throw new SetupError(
      `package.json and package-lock.json do not agree on ${field}.${name}: ${wanted[name] ?? 'none'} and ${have[name] ?? 'none'}. ` +
        'Run npm install --ignore-scripts to bring the lock up to date, then run this again.',
    );
  }
}

/**
 * The first package that is not installed as locked, in words; undefined when all are. npm writes the hidden lockfile
 * last, so an interrupted install has none.
 * @param {string} root
 * @param {Record<string, LockEntry>} locked
 */
function firstDifference(root, locked) {
  /** @type {Record<string, LockEntry>} */
  let installed;
  try {
    installed = JSON.parse(fs.readFileSync(path.join(root, 'node_modules', '.package-lock.json'), 'utf8')).packages;
  } catch {
    return 'node_modules is missing or incomplete';
  }
  for (const [name, entry] of Object.entries(locked)) {
    if (name === '') continue;
    const have = installed[name];
    if (have === undefined) {
      // npm leaves out binaries for other systems with all they need. It also drops the native client when its own
      // install script fails (a plain `npm ci` without GitHub); that one has to come back.
      if (entry.optional && name !== NATIVE_CLIENT) continue;
      return `${name} is missing`;
    }
    if (have.version !== entry.version || have.integrity !== entry.integrity) return `${name} is not at ${entry.version}`;
    if (!fs.existsSync(path.join(root, name, 'package.json'))) return `${name} is incomplete`;
  }
  return undefined;
}

/**
 * The npm that runs us, or else the one on the path.
 * @param {Environment} environment
 */
export function npmCommand({ env, nodePath }) {
  const running = env['npm_execpath'];
  if (running !== undefined && /npm-cli\.js$/.test(running)) return { command: nodePath, args: [running] };
  return { command: 'npm', args: [] };
}
