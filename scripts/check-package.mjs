/**
 * Packs the package, unpacks it where nothing of this repository is near, and uses it as a user would: the public
 * entry points, a broker in its worker thread, the command. Dependencies are taken from here, so no network is needed.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-package-'));

const PROGRAM = `
  import * as millrace from 'millrace';
  import { Broker } from 'millrace/broker';
  import * as testing from 'millrace/testing';
  if (!millrace.KafkaStreams || !millrace.StreamsBuilder || !testing.TopologyTestDriver) throw new Error('an export is missing');
  const broker = await Broker.start();
  await broker.close();
`;

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  process.stderr.write(`${stdout}${stderr}\ncheck-package: ${[command, ...args].join(' ').slice(0, 80)} failed\n`);
  fs.rmSync(folder, { recursive: true, force: true });
  process.exit(1);
}

run('npm', ['pack', '--silent', '--pack-destination', folder], root);
const modules = path.join(folder, 'node_modules');
fs.mkdirSync(modules);
const [tarball = ''] = fs.readdirSync(folder).filter((name) => name.endsWith('.tgz'));
run('tar', ['-xzf', path.join(folder, tarball), '-C', modules], folder);
fs.renameSync(path.join(modules, 'package'), path.join(modules, 'millrace'));
fs.symlinkSync(path.join(root, 'node_modules'), path.join(modules, 'millrace', 'node_modules'));
run(process.execPath, ['--input-type=module', '-e', PROGRAM], folder);
run(process.execPath, [path.join(modules, 'millrace', 'bin', 'millrace.js'), '--version'], folder);
fs.rmSync(folder, { recursive: true, force: true });
