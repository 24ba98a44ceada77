/** The application of the engine's tests on a Kafka of ours, over the wire transport: every record has to count once. */
import type { KafkaStreamsConfig } from '../../src/config.ts';
import { type App, Harness } from '../integration/engine/harness.ts';
import { expectThat } from './judge.ts';

const TOPOLOGY = new URL('../integration/engine/count-topology.ts', import.meta.url).href;
const PARTITIONS = 4;
const WORDS = 20;
const EXACTLY_ONCE = { processingGuarantee: 'exactly_once_v2', numStreamThreads: 2, transport: 'wire' } as const;
const decodeLong = (value: Uint8Array) => Number(Buffer.from(value).readBigInt64BE());

export class CountingJob {
  readonly #harness: Harness;
  #written = 0;
  #processes = 0;

  /**
   * Makes the topics, and connects the client that writes the input and reads the outcome.
   *
   * @param settings of that client
   */
  static async prepare(bootstrapServers: string, settings: Partial<KafkaStreamsConfig> = {}): Promise<CountingJob> {
    return new CountingJob(await Harness.start(['input', 'copies', 'counts'], PARTITIONS, bootstrapServers, 'wire', settings));
  }

  private constructor(harness: Harness) {
    this.#harness = harness;
  }

  /** Starts a process of the application; resolves when it processes, rejects when it ends before. */
  async launch(config: Partial<KafkaStreamsConfig> = {}): Promise<App> {
    const stateDir = `${this.#harness.stateDir}/${this.#processes++}`;
    const app = this.#harness.launch(TOPOLOGY, { ...EXACTLY_ONCE, stateDir, ...config });
    await app.running();
    return app;
  }

  /** Writes input; resolves when it is acknowledged. `records` is a multiple of 20. */
  async write(records: number): Promise<void> {
    const from = this.#written;
    this.#written += records;
    await this.#harness.produce(
      'input',
      Array.from({ length: records }, (_, index) => [`k${(from + index) % 31}`, `word${(from + index) % WORDS}`]),
    );
  }

  /** Resolves when the group consists of so many processes. */
  members(count: number): Promise<void> {
    return this.#harness.members(count);
  }

  /** Throws when a record was lost or counted twice; else says how many there were. */
  async verify(): Promise<string> {
    const counts = await this.#harness.table('counts', decodeLong);
    const wrong = [...counts].filter(([, count]) => count !== this.#written / WORDS);
    expectThat(
      counts.size === WORDS && wrong.length === 0,
      `words were counted ${this.#written / WORDS} times each`,
      JSON.stringify(wrong),
    );
    const copies = await this.#harness.count('copies');
    expectThat(copies === this.#written, `${copies} of ${this.#written} records were copied`);
    return `${this.#written} records counted exactly once`;
  }

  close(): Promise<void> {
    return this.#harness.close();
  }
}
