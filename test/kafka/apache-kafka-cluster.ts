/** Several Apache Kafkas as one cluster on loopback, each a broker and a controller, in processes of their own. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, KafkaProcess } from './kafka-process.ts';

const HEAP_MIB = 320;

export class ApacheKafkaCluster {
  /** Node ids are 1, 2, …. */
  readonly nodes: readonly KafkaProcess[];
  readonly bootstrapServers: string;
  readonly #directory: string;

  /** Topics have as many replicas as there are nodes, of which all but one have to have a record before it is acknowledged. */
  static async start(classPath: string, count: number): Promise<ApacheKafkaCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-kafka-cluster-'));
    const ports = await freePorts(2 * count);
    const address = (index: number) => `127.0.0.1:${ports[index]}`;
    const ids = Array.from({ length: count }, (_, index) => index);
    const voters = ids.map((index) => `${index + 1}@${address(count + index)}`).join(',');
    const nodes = ids.map((index) => {
      const own = join(directory, String(index + 1));
      mkdirSync(own);
      const config = {
        ...clusterConfig(count),
        'node.id': String(index + 1),
        'controller.quorum.voters': voters,
        listeners: `PLAINTEXT://${address(index)},CONTROLLER://${address(count + index)}`,
        'advertised.listeners': `PLAINTEXT://${address(index)}`,
        'log.dirs': join(own, 'data'),
      };
      return new KafkaProcess({ classPath, directory: own, config, heapMiB: HEAP_MIB });
    });
    const cluster = new ApacheKafkaCluster(nodes, ids.map(address).join(','), directory);
    try {
      await Promise.all(nodes.map((node) => node.start()));
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  private constructor(nodes: readonly KafkaProcess[], bootstrapServers: string, directory: string) {
    this.nodes = nodes;
    this.bootstrapServers = bootstrapServers;
    this.#directory = directory;
  }

  /** Ends all nodes and removes their data. */
  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function clusterConfig(count: number): Record<string, string> {
  const [replicas, least] = [String(count), String(count - 1)];
  return {
    'process.roles': 'broker,controller',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'default.replication.factor': replicas,
    'min.insync.replicas': least,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': least,
    'transaction.state.log.num.partitions': replicas,
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // So that a killed node is noticed, and leaders are elected, within seconds.
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '500',
  };
}
