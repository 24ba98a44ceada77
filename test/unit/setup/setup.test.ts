import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runSetup } from '../../../scripts/setup/run.mjs';
import {
  fakeEnvironment,
  installDependencies,
  isBuild,
  isHeaderCheck,
  isLoadCheck,
  isNpmCi,
  packageBuild,
  type Ran,
  writeBinary,
  writeJson,
} from './fake-environment.ts';

const failed = { code: 1 };

/** A world in which npm ci installs and the build builds; `failing` commands fail instead. */
function world(failing: (ran: Ran) => { code: number; output?: string } | undefined = () => undefined) {
  return (ran: Ran) => {
    const failure = failing(ran);
    if (failure !== undefined) return failure;
    if (isNpmCi(ran)) installDependencies(ran.options.cwd as string);
    if (isBuild(ran)) writeBinary(path.join(ran.options.cwd as string, 'build'));
    return undefined;
  };
}

test('a fresh clone gets dependencies without install scripts, then a native client built against system libraries', async () => {
  const environment = fakeEnvironment(world());
  expect(await runSetup(environment)).toBe(0);
  expect(environment.ran.find(isNpmCi)?.args).toContain('--ignore-scripts');
  const build = environment.ran.find(isBuild);
  expect(build?.options.env).toMatchObject({ CKJS_LINKING: 'dynamic', JOBS: undefined });
  expect(fs.existsSync(path.join(packageBuild(environment.root), 'Release', 'confluent-kafka-javascript.node'))).toBe(true);
  expect(environment.said.at(-1)).toMatch(/ready after \d/);
});

test('the second run starts no command and says nothing', async () => {
  const environment = fakeEnvironment(world());
  await runSetup(environment);
  environment.ran.length = 0;
  environment.said.length = 0;
  expect(await runSetup(environment)).toBe(0);
  expect(environment.ran).toEqual([]);
  expect(environment.said).toEqual([]);
});

test('an install that was interrupted is made again', async () => {
  const environment = fakeEnvironment(world());
  writeJson(environment.root, 'node_modules/left-pad/package.json', {}); // npm writes its hidden lockfile last
  expect(await runSetup(environment)).toBe(0);
  expect(environment.ran.some(isNpmCi)).toBe(true);
});

test('a package that plain npm ci dropped, because its install script failed, comes back', async () => {
  const environment = fakeEnvironment(world());
  installDependencies(environment.root);
  writeJson(environment.root, 'node_modules/.package-lock.json', {
    packages: { 'node_modules/left-pad': { version: '1.0.0', integrity: 'sha512-a' } },
  });
  expect(await runSetup(environment)).toBe(0);
  expect(environment.ran.some(isNpmCi)).toBe(true);
});

test('an interrupted build leaves nothing in the package and is made again', async () => {
  let stop = true;
  const environment = fakeEnvironment(world((ran) => (isBuild(ran) && stop ? { code: 1, output: 'interrupted' } : undefined)));
  expect(await runSetup(environment)).toBe(1);
  expect(fs.existsSync(packageBuild(environment.root))).toBe(false);
  stop = false;
  expect(await runSetup(environment)).toBe(0);
});

test('a binary that does not load is replaced', async () => {
  const environment = fakeEnvironment(
    world((ran) => {
      const binary = path.join(packageBuild(ran.options.cwd ?? ''), 'Release', 'confluent-kafka-javascript.node');
      return isLoadCheck(ran) && fs.readFileSync(binary, 'utf8') === 'other ABI' ? failed : undefined;
    }),
  );
  installDependencies(environment.root);
  writeBinary(packageBuild(environment.root), 'other ABI');
  expect(await runSetup(environment)).toBe(0);
  expect(environment.ran.some(isBuild)).toBe(true);
});

test('a build kept from another clone is used instead of building', async () => {
  const environment = fakeEnvironment(world());
  await runSetup(environment);
  fs.rmSync(path.join(environment.root, 'node_modules'), { recursive: true });
  environment.ran.length = 0;
  expect(await runSetup(environment)).toBe(0);
  expect(environment.ran.some(isBuild)).toBe(false);
});

test('a reachable GitHub is asked for the prebuilt binary first', async () => {
  const isDownload = ({ args }: Ran) => args.includes('install') && args.some((arg) => arg.includes('node-pre-gyp'));
  const environment = fakeEnvironment(
    (ran) => {
      if (isDownload(ran)) writeBinary(path.join(ran.options.cwd as string, 'build'));
      return world()(ran);
    },
    { reachable: async () => true },
  );
  expect(await runSetup(environment)).toBe(0);
  expect(environment.ran.find(isDownload)?.options.timeoutMs).toBeGreaterThan(0);
  expect(environment.ran.some(isBuild)).toBe(false);
});

test('as root the missing system libraries are installed, after an update of the lists', async () => {
  let installed = false;
  const environment = fakeEnvironment(
    world((ran) => {
      if (ran.command === 'apt-get' && ran.args[0] === 'install') installed = true;
      return isHeaderCheck(ran) && ran.options.input?.includes('zstd.h') && !installed ? failed : undefined;
    }),
    { isRoot: true },
  );
  expect(await runSetup(environment)).toBe(0);
  const apt = environment.ran.filter(({ command }) => command === 'apt-get').map(({ args }) => args.join(' '));
  expect(apt).toEqual(['--version', 'update', 'install -y --no-install-recommends libzstd-dev']);
});
