import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Environment, RunOptions, RunResult } from '../../../scripts/setup/environment.mjs';

export interface Ran {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: RunOptions;
}

export interface FakeEnvironment extends Environment {
  readonly ran: Ran[];
  readonly said: string[];
}

/** What a command does; undefined: it succeeds and prints nothing. */
export type Answer = (ran: Ran) => Partial<RunResult> | undefined;

const NATIVE = 'node_modules/@confluentinc/kafka-javascript';
const LOCKED = { 'node_modules/left-pad': { version: '1.0.0', integrity: 'sha512-a' }, [NATIVE]: { version: '1.10.1', optional: true } };

/** A small repository in a temporary folder, a world that answers commands as told, and a record of all that happened. */
export function fakeEnvironment(answer: Answer = () => undefined, changes: Partial<Environment> = {}): FakeEnvironment {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-setup-'));
  onTestFinished(() => fs.rmSync(root, { recursive: true, force: true }));
  writeJson(root, 'package.json', { dependencies: { 'left-pad': '^1.0.0' } });
  writeJson(root, 'package-lock.json', { packages: { '': { dependencies: { 'left-pad': '^1.0.0' } }, ...LOCKED } });
  const ran: Ran[] = [];
  const said: string[] = [];
  return {
    root,
    nodeVersion: '20.20.2',
    nodeAbi: '115',
    nodePath: '/opt/node/bin/node',
    platform: 'linux',
    arch: 'x64',
    libc: 'glibc',
    isRoot: false,
    env: { npm_config_nodedir: '/opt/node', npm_config_node_gyp: path.join(root, 'package.json') },
    cacheDir: path.join(root, 'cache'),
    run: async (command, args, options = {}) => {
      const call = { command, args, options };
      ran.push(call);
      return { code: 0, timedOut: false, output: '', ...answer(call) };
    },
    reachable: async () => false,
    freeBytes: () => 100 * 1024 ** 3,
    now: () => performance.now(),
    log: (message) => said.push(message),
    ...changes,
    ran,
    said,
  };
}

/** Puts node_modules there as the lock says; without the native binary. */
export function installDependencies(root: string): void {
  writeJson(root, 'node_modules/.package-lock.json', { packages: LOCKED });
  writeJson(root, 'node_modules/left-pad/package.json', {});
  writeJson(root, `${NATIVE}/package.json`, { version: '1.10.1', binary: { host: 'https://github.com/x' } });
}

/** Puts a native binary into a `build` folder. */
export function writeBinary(buildDir: string, content = 'binary'): void {
  fs.mkdirSync(path.join(buildDir, 'Release'), { recursive: true });
  fs.writeFileSync(path.join(buildDir, 'Release', 'confluent-kafka-javascript.node'), content);
}

export function packageBuild(root: string): string {
  return path.join(root, NATIVE, 'build');
}

export function writeJson(root: string, file: string, content: unknown): void {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), JSON.stringify(content));
}

export const isNpmCi: (ran: Ran) => boolean = ({ args }) => args.includes('ci');
export const isLoadCheck: (ran: Ran) => boolean = ({ args }) => args[0] === '-e';
export const isBuild: (ran: Ran) => boolean = ({ args }) => args.includes('rebuild');
export const isHeaderCheck: (ran: Ran) => boolean = ({ args }) => args.includes('-E');
