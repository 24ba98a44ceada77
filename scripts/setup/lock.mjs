import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError } from './errors.mjs';

/** @typedef {import('./environment.mjs').Environment} Environment */

const POLL_MS = 250;
const WAIT_LIMIT_MS = 15 * 60_000;

/**
 * Runs `work` while no other set-up of this clone does (`npm start` and `npm test` in two terminals). The lock of a
 * process that is gone is taken over.
 * @param {Environment} environment
 * @param {() => Promise<void>} work
 */
export async function holdLock(environment, work) {
  const file = path.join(environment.root, '.millrace-setup.lock');
  const started = environment.now();
  let said = false;
  while (!tryLock(file)) {
    if (environment.now() - started > WAIT_LIMIT_MS) {
      throw new SetupError(`Another set-up of this clone has been running for too long. If there is none, delete ${file}.`);
    }
    if (!said) environment.log('setup: waiting for another set-up of this clone to finish');
    said = true;
    await sleep(POLL_MS);
  }
  const unlock = () => fs.rmSync(file, { force: true });
  // Children are in our process group and get the signal too. Everything done so far is kept or harmless.
  const interrupted = (/** @type {NodeJS.Signals} */ signal) => {
    unlock();
    environment.log('setup: interrupted; the next run goes on from here');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', interrupted);
  process.on('SIGTERM', interrupted);
  try {
    await work();
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    unlock();
  }
}

/** @param {string} file */
function tryLock(file) {
  try {
    fs.writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    if (code !== 'EEXIST')
      throw new SetupError(`Cannot write in the repository's folder (${String(error)}). Make it writable, then run this again.`);
  }
  const holder = Number(readOrEmpty(file));
  if (holder > 0 && !isAlive(holder)) fs.rmSync(file, { force: true });
  return false;
}

/** @param {string} file */
function readOrEmpty(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return ''; // released in this moment
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
