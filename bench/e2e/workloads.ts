import type { JobKafka, TopicWriter } from '../../src/cli/job-kafka.ts';
import { eventTimeMs, eventTopic, KEYS, keyOf, PARTITIONS, SEED, START_MS } from './events.ts';
import { flightsWorkload } from './flights-input.ts';
import { nexmarkWorkloads } from './nexmark/workloads.ts';
import type { Outcome } from './outcome.ts';
import { textLines } from './text.ts';

/** Records are loaded in order, and each topic's timestamps only grow. */
export interface InputTopic {
  readonly name: string;
  readonly partitions: number;
  readonly compacted?: boolean;
  readonly count: number;
  /** Appends record `index` of the topic; called with 0, 1, 2 … once. */
  readonly append: (writer: TopicWriter, index: number) => void;
  /** Fills the topic instead of `append`, where records come from elsewhere. */
  readonly load?: (kafka: JobKafka) => Promise<void>;
}

export interface Workload {
  readonly name: string;
  readonly what: string;
  readonly inputs: readonly InputTopic[];
  /** Topic whose records are counted: the speed is its records per second. */
  readonly input: string;
  /** How outputs are compared: every record, or the last one of each key (an aggregate forwards as often as its cache lets it). */
  readonly outcome: 'every' | 'last';
  /** What must come out, where that is known without running any subject. Default: what came out of the first. */
  readonly expected?: () => Outcome;
  /** False: there is no loop that does it by hand. Default true. */
  readonly byHand?: boolean;
  /** Where the topology writes to topics of its own instead of the one it is told: their names. All of them are compared. */
  readonly outputs?: readonly string[];
  /** Topics that the topology writes to as well, and that are not compared. */
  readonly alsoCreated?: readonly string[];
  /** The same bytes for values that mean the same, where subjects may write them differently. */
  readonly canonical?: (value: Uint8Array) => Uint8Array;
}

const uniform = (count: number) => eventTopic('events-uniform', count);
const zipf = (count: number) => eventTopic('events-zipf', count, { skew: 1 });
/**
 * Both sides of a join: other keys and amounts at the same time. Many records have the same timestamp, since in-memory
 * window stores of Kafka Streams look through every timestamp of a window: with a tenth of the records in each millisecond
 * it joined a few hundred records per second, and the comparison would have been of that alone.
 */
const sideOfJoin = (name: string, count: number, seed: number) => eventTopic(name, count, { seed, recordsPerMs: 100 });

/** One row per key, older than all events. */
const customers: InputTopic = {
  name: 'customers',
  partitions: PARTITIONS,
  compacted: true,
  count: KEYS,
  append: (writer, index) => {
    const key = keyOf(index);
    writer.append(writer.partitionOf(key), START_MS - 1, key, Buffer.from(`customer ${index} of region ${index % 17}`));
  },
};

/** Lines of a novel, again and again, without keys. */
function lines(count: number): InputTopic {
  const text = textLines();
  return {
    name: 'lines',
    partitions: PARTITIONS,
    count,
    append: (writer, index) => writer.append(index % PARTITIONS, eventTimeMs(index), null, text[index % text.length]!),
  };
}

/** `records` of the input of each; lines of text make about ten words each, so they are a tenth. */
export function workloads(records: number): readonly Workload[] {
  const events = uniform(records);
  const skewed = zipf(records);
  const text = lines(Math.ceil(records / 10));
  // Each record of the left topic comes with one of the right.
  const half = Math.ceil(records / 2);
  return [
    { name: 'pass-through', what: 'copy a topic, keys and values as bytes', inputs: [events], input: events.name, outcome: 'every' },
    {
      name: 'filter-map',
      what: 'text values: keep those with an even amount, make another text of them',
      inputs: [events],
      input: events.name,
      outcome: 'every',
    },
    {
      name: 'word-count',
      what: 'split lines of a novel into words, count each (through a repartition topic)',
      inputs: [text],
      input: text.name,
      outcome: 'last',
    },
    { name: 'count-uniform', what: 'count by 10,000 text keys, uniform', inputs: [events], input: events.name, outcome: 'last' },
    { name: 'count-zipf', what: 'count by 10,000 text keys, Zipf 1.0', inputs: [skewed], input: skewed.name, outcome: 'last' },
    {
      name: 'windowed-count',
      what: 'count by 10,000 text keys in tumbling windows of 10 s',
      inputs: [events],
      input: events.name,
      outcome: 'last',
    },
    {
      name: 'stream-table-join',
      what: 'join each event with one of 10,000 rows of a table',
      inputs: [customers, events],
      input: events.name,
      outcome: 'every',
    },
    {
      name: 'stream-stream-join',
      what: 'join the events of two topics, 10,000 keys on both sides, at most 50 ms apart: each finds one partner on average',
      inputs: [sideOfJoin('events-left', half, SEED + 1), sideOfJoin('events-right', half, SEED + 2)],
      input: 'events-left',
      outcome: 'every',
      byHand: false,
    },
    flightsWorkload(records),
    ...nexmarkWorkloads(records),
  ];
}
