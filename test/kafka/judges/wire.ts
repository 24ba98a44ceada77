/** Our own client and the engine on it, on Apache Kafkas of their own: both transaction protocols, and brokers that stop and die. */
import { setTimeout as sleep } from 'node:timers/promises';
import { KafkaClient } from '../../../src/client/index.ts';
import { ApacheKafka } from '../apache-kafka.ts';
import { ApacheKafkaCluster } from '../apache-kafka-cluster.ts';
import { CountingJob } from '../counting-job.ts';
import { expectThat, type Judge } from '../judge.ts';
import { runTests } from '../vitest.ts';

const NODES = 3;
const PER_ROUND = 4_000;
const REPLICAS_TIMEOUT_MS = 120_000;
const REPLICAS_POLL_MS = 200;

/** What a cluster says that was upgraded from before Kafka 4.0 and has not raised its features. */
function olderTransactions(version: number): Judge {
  return {
    name: `engine over wire, transaction.version=${version}`,
    subjects: ['Apache Kafka'],
    run: async ({ classPath }) => {
      const kafka = await ApacheKafka.start({ classPath, format: ['--feature', `transaction.version=${version}`] });
      try {
        const transport = await runTests(['test/integration/transport'], kafka.bootstrapServers);
        const engine = await runTests(['test/integration/engine/exactly-once.test.ts', '-t', 'over wire'], kafka.bootstrapServers);
        return `transport: ${transport}, engine: ${engine}`;
      } finally {
        await kafka.close();
      }
    },
  };
}

/** Leaders and coordinators move, orderly and not, under a job of two processes. Replicas catch up in between, as Kafka asks of operators. */
const dyingBrokers: Judge = {
  name: 'engine over wire, three brokers that stop and die in turn',
  subjects: ['Apache Kafka'],
  async run({ classPath }) {
    const cluster = await ApacheKafkaCluster.start(classPath, NODES);
    const client = await KafkaClient.connect({ bootstrapServers: cluster.bootstrapServers });
    let job: CountingJob | undefined;
    try {
      job = await CountingJob.prepare(cluster.bootstrapServers);
      const [first, second] = [await job.launch(), await job.launch()];
      const ways = ['stop', 'kill'] as const;
      for (const [round, way] of [...ways, ...ways].entries()) {
        const node = cluster.nodes[round % NODES];
        if (node === undefined) continue;
        await job.write(PER_ROUND);
        const down = node[way]();
        await job.write(PER_ROUND);
        await down;
        await node.start();
        await allInSync(client);
      }
      await first.caughtUp();
      expectThat((await first.stop()) === 0, 'the first process did not close in order', first.errors);
      await job.members(1);
      await second.caughtUp();
      expectThat((await second.stop()) === 0, 'the second process did not close in order', second.errors);
      return await job.verify();
    } finally {
      client.close();
      await job?.close();
      await cluster.close();
    }
  },
};

/** Waits until every partition has all of its replicas. */
async function allInSync(client: KafkaClient): Promise<void> {
  const deadlineMs = performance.now() + REPLICAS_TIMEOUT_MS;
  for (;;) {
    const { topics } = await client.metadata();
    const behind = topics.flatMap(({ name, partitions }) =>
      partitions.filter((partition) => partition.inSyncReplicas.length < NODES).map(({ partition }) => `${name}-${partition}`),
    );
    if (behind.length === 0) return;
    expectThat(performance.now() < deadlineMs, `replicas of ${behind.join(', ')} did not catch up`);
    await sleep(REPLICAS_POLL_MS);
  }
}

export const wireJudges: readonly Judge[] = [olderTransactions(1), olderTransactions(0), dyingBrokers];
