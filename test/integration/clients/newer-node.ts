/** A newer Node with @platformatic/kafka, from npm, in a cache of the user's. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PACKAGES = ['@platformatic/kafka@2'];
const NODE_VERSION = '24';
const INSTALL_TIMEOUT_MS = 240_000;

export interface NewerNode {
  readonly node: string;
  /** Where node_modules is. */
  readonly directory: string;
}

/** Installs what is missing. Resolves with why it cannot be had: no network, no build for this machine. */
export async function newerNode(): Promise<NewerNode | string> {
  const directory = join(process.env.MILLRACE_CLIENTS_CACHE ?? join(homedir(), '.cache', 'millrace', 'clients'));
  const nodePackage = `node-${process.platform}-${process.arch}`;
  const node = join(directory, 'node_modules', nodePackage, 'bin', 'node');
  const found = { node, directory };
  if (isThere(found)) return found;
  mkdirSync(directory, { recursive: true });
  const packages = [`${nodePackage}@${NODE_VERSION}`, ...PACKAGES];
  const parameters = ['install', '--prefix', directory, '--no-audit', '--no-fund', '--ignore-scripts', ...packages];
  try {
    // Two test processes must not install at once; the second finds all there.
    await run('flock', [join(directory, '.lock'), 'npm', ...parameters], { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    return `${packages.join(' and ')} could not be installed from npm: ${String(error).slice(0, 300)}`;
  }
  return isThere(found) ? found : `npm installed no Node for ${process.platform} on ${process.arch}`;
}

function isThere({ node, directory }: NewerNode): boolean {
  return existsSync(node) && existsSync(join(directory, 'node_modules', '@platformatic', 'kafka', 'package.json'));
}
