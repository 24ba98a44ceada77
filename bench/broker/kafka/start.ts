import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { BrokerProcess } from '../broker-process.ts';
import { ProcessStats } from '../process-stats.ts';

/** Heap and collector as Kafka's own start script has them. */
const JVM_OPTIONS = [
  '-Xmx1G',
  '-Xms1G',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-Djava.awt.headless=true',
];

/** One node that is broker and controller, with Kafka's defaults but for what a single node needs. */
function properties(directory: string, port: number, controllerPort: number): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `log.dirs=${join(directory, 'data')}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'log.segment.delete.delay.ms=1000',
    '',
  ].join('\n');
}

/** Formats a directory and starts Apache Kafka in it; it may not listen yet. */
export async function startKafka(classPath: string, directory: string): Promise<BrokerProcess> {
  mkdirSync(directory, { recursive: true });
  const [port, controllerPort] = [await freePort(), await freePort()];
  const config = join(directory, 'server.properties');
  writeFileSync(config, properties(directory, port, controllerPort));
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const formatted = spawnSync('java', ['-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config], {
    encoding: 'utf8',
  });
  if (formatted.status !== 0) throw new Error(`Kafka's StorageTool failed: ${formatted.stdout}${formatted.stderr}`);
  const logFile = join(directory, 'kafka.log');
  const output = openSync(logFile, 'a');
  const spawnedMs = performance.now();
  const child = spawn('java', [...JVM_OPTIONS, '-cp', classPath, 'kafka.Kafka', config], { stdio: ['ignore', output, output] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    name: 'Apache Kafka',
    bootstrapServers: `127.0.0.1:${port}`,
    spawnedMs,
    stats: new ProcessStats(child.pid ?? 0),
    ended: () => (child.exitCode === null ? undefined : `Apache Kafka ended: ${readFileSync(logFile, 'utf8').slice(-2_000)}`),
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Kafka must be told its port, as its controller has to know it too. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
