import { Serdes } from '../../src/serde/index.ts';
import type { KeyValue, WaitingKey } from '../../src/state/index.ts';
import type { OutputRecord } from '../../src/testing/index.ts';
import { TopologyTestDriver } from '../../src/testing/index.ts';
import type { Topology } from '../../src/topology/index.ts';
import { buildTopology } from './build-topology.ts';
import { isWindowed, text } from './expressions.ts';
import type { Input, Outcome, Scenario, SerdePair, Shown, ShownRecord } from './scenario.ts';
import { fieldBytes, show } from './serdes.ts';

/** Prefix of internal topics, the same on both sides. */
export const APPLICATION_ID = 'app';
const CACHE_BYTES = 10 * 1024 * 1024;
/** What differs by nature: the languages' own names and stacks, and what serdes complain with. */
const MASKED_HEADERS = new Set(['__streams.errors.exception', '__streams.errors.stacktrace']);
const MESSAGE_HEADER = '__streams.errors.message';

/** Runs a scenario through Millrace's TopologyTestDriver. `test/java/judge/Judge.java` does it through Kafka Streams'. */
export function runScenario(scenario: Scenario): Outcome {
  const trace: string[] = [];
  const topology = buildTopology(scenario, trace);
  const driver = makeDriver(scenario, topology);
  const inputSerdes = serdesOfInputs(scenario);
  let failedAt: number | null = null;
  for (const [index, input] of scenario.input.entries()) {
    try {
      feed(driver, input, inputSerdes);
    } catch {
      failedAt = index;
      break;
    }
  }
  const outcome = {
    ...writtenTopics(driver, scenario),
    stores: failedAt === null ? rowsOfStores(driver, topology) : {},
    trace,
    dropped: driver.counters.recordsDropped,
    failedAt,
  };
  driver.close();
  return outcome;
}

function makeDriver({ config }: Scenario, topology: Topology): TopologyTestDriver {
  const { caching, deserialization = 'fail', processing = 'fail', deadLetterTopic, joinEmitIntervalMs = 0 } = config;
  const response = (handler: 'fail' | 'continue') => (handler === 'continue' && deadLetterTopic !== undefined ? 'dead-letter' : handler);
  return new TopologyTestDriver(topology, {
    applicationId: APPLICATION_ID,
    initialWallClockMs: 0,
    joinEmitIntervalMs,
    settings: {
      cacheMaxBytes: caching ? CACHE_BYTES : 0,
      deserializationExceptionHandler: response(deserialization),
      processingExceptionHandler: response(processing),
      ...(deadLetterTopic === undefined ? {} : { deadLetterTopic }),
    },
  });
}

function feed(driver: TopologyTestDriver, input: Input, serdes: ReadonlyMap<string, SerdePair>): void {
  if ('advanceMs' in input) {
    driver.advanceWallClockTime(input.advanceMs);
    return;
  }
  const [topic, key, value, timestamp, headers = []] = input;
  const [keySerde, valueSerde] = serdes.get(topic) ?? ['string', 'string'];
  const headerBytes = headers.map(([name, content]) => [name, content === null ? null : Buffer.from(content)] as const);
  const inputTopic = driver.createInputTopic(topic, Serdes.ByteArray(), Serdes.ByteArray());
  inputTopic.pipeInput(asBuffer(fieldBytes(key, keySerde)), asBuffer(fieldBytes(value, valueSerde)), timestamp, headerBytes);
}

function asBuffer(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes);
}

function serdesOfInputs(scenario: Scenario): Map<string, SerdePair> {
  const serdes = new Map<string, SerdePair>();
  for (const step of scenario.steps) {
    if (step.op === 'stream' || step.op === 'addSource') for (const topic of step.topics) serdes.set(topic, step.serdes);
    if (step.op === 'table' || step.op === 'globalTable') serdes.set(step.topic, step.serdes);
    if (step.op === 'addGlobalStore') serdes.set(step.topic, step.sourceSerdes);
  }
  return serdes;
}

function writtenTopics(driver: TopologyTestDriver, { config }: Scenario): Pick<Outcome, 'topics' | 'changelogs'> {
  const topics: Record<string, ShownRecord[]> = {};
  const changelogs: Record<string, ShownRecord[]> = {};
  for (const topic of [...driver.producedTopicNames()].sort()) {
    const records = driver.createOutputTopic(topic, Serdes.ByteArray(), Serdes.ByteArray()).readRecordsToList().map(shown);
    if (topic.endsWith('-changelog')) changelogs[topic] = compacted(records);
    else topics[topic] = config.maskDeadLetters && topic === config.deadLetterTopic ? records.map(masked) : records;
  }
  return { topics, changelogs };
}

function shown({ key, value, timestamp, headers }: OutputRecord<Uint8Array, Uint8Array>): ShownRecord {
  const record = [show(key), show(value), timestamp] as const;
  if (headers.length === 0) return record;
  return [...record, headers.map(([name, bytes]) => [name, isMasked(name, bytes) ? '*' : show(bytes)] as const)];
}

function masked([, , timestamp, headers]: ShownRecord): ShownRecord {
  return headers === undefined ? ['*', '*', timestamp] : ['*', '*', timestamp, headers];
}

function isMasked(header: string, bytes: Uint8Array | null): boolean {
  return MASKED_HEADERS.has(header) || (header === MESSAGE_HEADER && text(show(bytes)).startsWith('Serde '));
}

/** The last record of every key: which updates of one commit are written singly is not semantics. */
function compacted(records: readonly ShownRecord[]): ShownRecord[] {
  const last = new Map<Shown, ShownRecord>();
  for (const record of records) last.set(record[0], record);
  return [...last.values()].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

function rowsOfStores(driver: TopologyTestDriver, topology: Topology): Record<string, unknown[][]> {
  const { subTopologies, globalStores } = topology.plan();
  const specs = [...subTopologies.flatMap(({ stores }) => stores), ...globalStores.map(({ store }) => store)];
  const rows: Record<string, unknown[][]> = {};
  for (const { name, kind, windowSizeMs } of specs.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const store = {
      keyValue: () => driver.getKeyValueStore(name),
      timestampedKeyValue: () => driver.getTimestampedKeyValueStore(name),
      window: () => driver.getWindowStore(name),
      timestampedWindow: () => driver.getTimestampedWindowStore(name),
      joinWindow: () => driver.getWindowStore(name),
      outerJoin: () => driver.getStateStore<WaitingStore>(name),
    }[kind]();
    // Kafka Streams cannot list windows of length 0.
    if (kind === 'joinWindow' && windowSizeMs === 0) rows[name] = [];
    else rows[name] = [...(store.all() as Iterable<KeyValue<unknown, unknown>>)].map(rowOf);
  }
  return rows;
}

/** The store that the sides of a left or outer stream-stream join share. */
interface WaitingStore {
  all(): Iterable<KeyValue<WaitingKey<unknown>, unknown>>;
}

function rowOf({ key, value }: KeyValue<unknown, unknown>): unknown[] {
  // As Java's `TimestampedKeyAndJoinSide` and `LeftOrRightValue` show themselves.
  if (isWaiting(key)) return [`<${key.side},${text(key.key)}:${key.timestampMs}>`, `<${key.side},${text(value)}>`];
  return [...keyColumns(key), ...valueColumns(value)];
}

function isWaiting(key: unknown): key is WaitingKey<unknown> {
  return typeof key === 'object' && key !== null && 'side' in key;
}

function keyColumns(key: unknown): unknown[] {
  return isWindowed(key) ? [text(key.key), key.window.startMs] : [text(key)];
}

function valueColumns(value: unknown): unknown[] {
  if (typeof value === 'object' && value !== null && 'timestamp' in value && 'value' in value) return [text(value.value), value.timestamp];
  return [text(value)];
}
