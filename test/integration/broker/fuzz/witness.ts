import { CreateTopics, Fetch, Produce, RecordCursor } from '../../../../src/protocol/index.ts';
import { batchOf, WireClient } from '../wire-client.ts';

const TOPIC = 'witness';

/** A well-behaved client that must never notice what others do: what it writes it reads back, on one connection. */
export class Witness {
  readonly #client: WireClient;
  #stopped = false;
  #failed = false;
  #running: Promise<void> = Promise.resolve();
  /** Records written and read back. */
  records = 0;

  static async start(port: number): Promise<Witness> {
    const client = await WireClient.connect(port);
    const topics = [{ name: TOPIC, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    await client.send(CreateTopics, 7, { topics, timeoutMs: 30_000 });
    const witness = new Witness(client);
    witness.#running = witness.#run();
    // Thrown by `progress` and `stop`.
    witness.#running.catch(() => {
      witness.#failed = true;
    });
    return witness;
  }

  private constructor(client: WireClient) {
    this.#client = client;
  }

  /** Resolves once so many more records went through; rejects with what the witness has met. */
  async progress(records: number): Promise<void> {
    const goal = this.records + records;
    while (this.records < goal) {
      if (this.#failed) await this.#running;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Rejects with what the witness has met. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#client.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const value = `value ${this.records}`;
      const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records: batchOf([value]) }] }];
      const produced = await this.#client.send(Produce, 9, { acks: -1, timeoutMs: 30_000, topicData });
      const { errorCode, baseOffset } = produced.responses[0]!.partitionResponses[0]!;
      if (errorCode !== 0 || baseOffset !== this.records) throw new Error(`The witness wrote at ${baseOffset} with error ${errorCode}.`);
      const partitions = [{ partition: 0, fetchOffset: baseOffset, partitionMaxBytes: 10_000 }];
      const fetched = await this.#client.send(Fetch, 11, { maxWaitMs: 1000, minBytes: 1, topics: [{ topic: TOPIC, partitions }] });
      const cursor = new RecordCursor(fetched.responses[0]!.partitions[0]!.records ?? Buffer.alloc(0));
      if (!cursor.next() || cursor.buffer.toString('utf8', cursor.valueStart, cursor.valueStart + cursor.valueLength) !== value) {
        throw new Error(`The witness did not get back what it wrote at ${baseOffset}.`);
      }
      this.records++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
