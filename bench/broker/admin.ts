import { Kafka, logLevel } from 'kafkajs';

/** Topics and single records of the benchmark, by a client that is in this process and warm. */
export class BenchAdmin {
  readonly #kafka: Kafka;

  constructor(servers: string) {
    this.#kafka = new Kafka({ clientId: 'bench', brokers: servers.split(','), logLevel: logLevel.NOTHING, retry: { retries: 0 } });
  }

  /** Resolves when the broker answers, within `limitMs`; `ended` says why it never will. */
  async waitUntilUp(limitMs: number, ended: () => string | undefined): Promise<void> {
    const admin = this.#kafka.admin();
    const deadlineMs = performance.now() + limitMs;
    for (;;) {
      try {
        await admin.connect();
        await admin.listTopics();
        await admin.disconnect();
        return;
      } catch (error) {
        await admin.disconnect();
        const reason = ended();
        if (reason !== undefined || performance.now() > deadlineMs) throw new Error(reason ?? String(error));
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  async createTopic(topic: string, partitions: number): Promise<void> {
    const admin = this.#kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: 1 }], waitForLeaders: true });
    await admin.disconnect();
  }

  async deleteTopic(topic: string): Promise<void> {
    const admin = this.#kafka.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
  }
}
