import { partitionForKey, RecordBatchBuilder } from '../../src/protocol/index.ts';
import type { FakeCluster } from './fake-cluster.ts';
import type { Random } from './random.ts';
import { type Event, WINDOW_MS } from './topology.ts';

const USERS = 17;
const WORDS = 11;
const REGIONS = ['north', 'south', 'east'];
const START_MS = 1_700_000_000_000;

/** The input of a simulation, and what must come out of it. */
export class Model {
  readonly #cluster: FakeCluster;
  readonly #random: Random;
  #written = 0;
  readonly words = new Map<string, number>();
  readonly windows = new Map<string, number>();

  constructor(cluster: FakeCluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
  }

  get written(): number {
    return this.#written;
  }

  createTopics(partitions: number): void {
    for (const topic of ['events', 'users']) this.#cluster.createTopic(topic, partitions);
    for (const topic of ['regions', 'copies', 'words', 'windows', 'joined', 'dynamic-0', 'dynamic-1']) this.#cluster.createTopic(topic, 3);
    for (let user = 0; user < USERS; user++) this.#write('users', `user${user}`, `name${user}`, START_MS - 1_000);
    for (const region of REGIONS) this.#write('regions', region, region.toUpperCase(), START_MS - 1_000);
  }

  /** Writes some more events; a partition's batch holds several of them. */
  writeEvents(count: number): void {
    const builders = new Map<number, RecordBatchBuilder>();
    const partitions = this.#cluster.partitions('events')!;
    for (let left = count; left > 0; left--) {
      const id = this.#written++;
      const user = `user${this.#random.below(USERS)}`;
      const event: Event = { id, word: `word${this.#random.below(WORDS)}`, region: this.#random.pick(REGIONS) };
      const timestampMs = START_MS + id * 7;
      const key = Buffer.from(user);
      const partition = partitionForKey(key, partitions);
      const builder = builders.get(partition) ?? new RecordBatchBuilder();
      builders.set(partition, builder);
      builder.append(timestampMs, key, Buffer.from(JSON.stringify(event)));
      increment(this.words, event.word);
      increment(this.windows, `${user}@${timestampMs - (timestampMs % WINDOW_MS)}`);
    }
    for (const [partition, builder] of builders) {
      this.#cluster.append([{ topic: 'events', partition, recordCount: builder.recordCount, bytes: builder.build() }]);
    }
  }

  #write(topic: string, key: string, value: string, timestampMs: number): void {
    const builder = new RecordBatchBuilder();
    const bytes = Buffer.from(key);
    builder.append(timestampMs, bytes, Buffer.from(value));
    const partition = partitionForKey(bytes, this.#cluster.partitions(topic)!);
    this.#cluster.append([{ topic, partition, recordCount: 1, bytes: builder.build() }]);
  }

  // --- what came out ------------------------------------------------------------------------------------------------

  /** How often each event came out of a topic, by the number its value begins with (or its JSON has as `id`). */
  occurrences(topics: readonly string[]): number[] {
    const counts = new Array<number>(this.#written).fill(0);
    for (const topic of topics) {
      this.#read(topic, (_key, value) => {
        const text = value?.toString() ?? '';
        const id = text.startsWith('{') ? (JSON.parse(text) as Event).id : Number.parseInt(text, 10);
        counts[id] = (counts[id] ?? 0) + 1;
      });
    }
    return counts;
  }

  /** Every value of every key, in order. */
  history(topic: string, keyOf: (key: Buffer) => string = String): Map<string, number[]> {
    const history = new Map<string, number[]>();
    this.#read(topic, (key, value) => {
      const name = keyOf(key!);
      history.set(name, [...(history.get(name) ?? []), value === null ? Number.NaN : Number(value.readBigInt64BE())]);
    });
    return history;
  }

  /** All values that the joins gave, to see that each is of the right row. */
  values(topics: readonly string[]): string[] {
    const values: string[] = [];
    for (const topic of topics) this.#read(topic, (_key, value) => values.push(String(value)));
    return values;
  }

  #read(topic: string, visit: (key: Buffer | null, value: Buffer | null) => void): void {
    for (let partition = 0; partition < (this.#cluster.partitions(topic) ?? 0); partition++) {
      this.#cluster.log({ topic, partition }).forEach(({ key, value }) => {
        visit(key, value);
      });
    }
  }

  /** Input partitions of the application whose committed offset has not reached the last record, with both numbers. */
  uncommitted(topics: readonly string[]): string[] {
    return topics.flatMap((topic) =>
      Array.from({ length: this.#cluster.partitions(topic) ?? 0 }, (_, partition) => {
        const log = this.#cluster.log({ topic, partition });
        let end = 0;
        log.forEach(({ offset }) => {
          end = offset + 1;
        });
        const { offset } = this.#cluster.group.committed({ topic, partition });
        if (offset > log.endOffset) return `${topic}-${partition} is committed to ${offset}, beyond its end ${log.endOffset}`;
        return offset < end ? `${topic}-${partition} is committed to ${offset} of ${end}` : '';
      }).filter((problem) => problem !== ''),
    );
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
