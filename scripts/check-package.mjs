/**
 * Packs the package, unpacks it where nothing of this repository is near, and uses it as a user would: the public
 * entry points, a broker in its worker thread, the command. Dependencies are taken from here, so no network is needed.
 * The broker and the clients of the command are used without the native Kafka client and without tsx, as they must not
 * need them.
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

/** A broker, a topic, a record written and read, each by its own process. */
const TOUR = `
  import { spawn, spawnSync } from 'node:child_process';
  import { once } from 'node:events';
  const command = process.argv[1];
  const broker = spawn(process.execPath, [command, 'broker', '--port', '0', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(broker.stdout, 'data');
  const { bootstrapServers } = JSON.parse(line);
  const millrace = (args, input) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args, '-b', bootstrapServers], { input, encoding: 'utf8' });
    if (status !== 0) throw new Error(args.join(' ') + ' failed: ' + stderr);
    return stdout;
  };
  try {
    millrace(['topics', 'create', 'greetings', '--partitions', '2']);
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) millrace(['produce', 'greetings', '-z', codec], 'hello\\n');
    const read = millrace(['consume', 'greetings', '--exit']);
    if (read !== 'hello\\n'.repeat(5)) throw new Error('read ' + JSON.stringify(read));
  } finally {
    broker.kill('SIGTERM');
  }
  const [code] = await once(broker, 'exit');
  if (code !== 0) throw new Error('the broker ended with code ' + code);
`;

/**
 * Makes the dependencies of the repository those of the unpacked package.
 * @param {(name: string) => boolean} wanted
 */
function linkDependencies(wanted) {
  fs.mkdirSync(linked, { recursive: true });
  for (const name of fs.readdirSync(path.join(root, 'node_modules')).filter(wanted)) {
    fs.symlinkSync(path.join(root, 'node_modules', name), path.join(linked, name));
  }
}

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
const linked = path.join(modules, 'millrace', 'node_modules');
linkDependencies((name) => !['tsx', '@confluentinc', 'millrace'].includes(name));
const command = path.join(modules, 'millrace', 'bin', 'millrace.js');
run(process.execPath, ['--input-type=module', '-e', TOUR, command], folder);
linkDependencies((name) => ['tsx', '@confluentinc'].includes(name));
run(process.execPath, ['--input-type=module', '-e', PROGRAM], folder);
run(process.execPath, [command, '--version'], folder);
run(process.execPath, [command, 'run', '--help'], folder);
fs.rmSync(folder, { recursive: true, force: true });
