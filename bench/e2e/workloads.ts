import type { JobKafka, TopicWriter } from '../../src/cli/job-kafka.ts';
import { generator, uniformKeys, zipfKeys } from './generator.ts';
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
  /** The same bytes for values that mean the same, where subjects may write them differently. */
  readonly canonical?: (value: Uint8Array) => Uint8Array;
}

const PARTITIONS = 4;
const KEYS = 10_000;
const VALUE_BYTES = 100;
const START_MS = 1_700_000_000_000;
const AMOUNT_DIGITS = 6;
/** Of event time: 10 records of each key fall into a window of 10 seconds. */
const RECORDS_PER_MS = 10;
const SEED = 42;
const ZIPF_EXPONENT = 1;

const eventTimeMs = (index: number): number => START_MS + Math.floor(index / RECORDS_PER_MS);
const keyBytes = Array.from({ length: KEYS }, (_, key) => Buffer.from(`key-${String(key).padStart(5, '0')}`));

/** 100 bytes: an amount of six digits, a comma, and letters. */
function amountValue(random: () => number): Buffer {
  const value = Buffer.alloc(VALUE_BYTES, 'abcdefghijklmnopqrstuvwxyz');
  value.write(String(Math.floor(random() * 10 ** AMOUNT_DIGITS)).padStart(AMOUNT_DIGITS, '0'), 0, 'latin1');
  value.write(',', AMOUNT_DIGITS, 'latin1');
  return value;
}

function keyed(name: string, count: number, keys: (random: () => number) => number): InputTopic {
  const random = generator(SEED);
  return {
    name,
    partitions: PARTITIONS,
    count,
    append: (writer, index) => {
      const key = keyBytes[keys(random)]!;
      writer.append(writer.partitionOf(key), eventTimeMs(index), key, amountValue(random));
    },
  };
}

const uniform = (count: number) => keyed('events-uniform', count, uniformKeys(KEYS));
const zipf = (count: number) => keyed('events-zipf', count, zipfKeys(KEYS, ZIPF_EXPONENT));

/** One row per key, older than all events. */
const customers: InputTopic = {
  name: 'customers',
  partitions: PARTITIONS,
  compacted: true,
  count: KEYS,
  append: (writer, index) => {
    const key = keyBytes[index]!;
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
    ...nexmarkWorkloads(records),
  ];
}
