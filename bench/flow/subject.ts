import { PLAIN_BATCHES, setBatchBaseOffset } from '../../src/protocol/index.ts';
import type { OutputFrame, ShardSettings } from '../../src/shard/messages.ts';
import { RecordCache } from '../../src/state/index.ts';
import { GlobalStoreUpdater } from '../../src/task/global-store-updater.ts';
import { handlersFor } from '../../src/task/handlers.ts';
import { Task } from '../../src/task/task.ts';
import { resolveTopic } from '../../src/topology/topic-names.ts';
import { batchOf } from './record-loop.ts';
import { type FlowScenario, scenarios } from './scenarios.ts';

/** Subject: one scenario in a process of its own, so that none profits or suffers from what V8 learnt of another. */
const APPLICATION = 'bench';
const PARTITIONS = 4;
const RECORDS_PER_TURN = 1_000;
/** A shard that gets 250,000 records a second and commits every 100 ms. */
const BATCHES_PER_EPOCH = 10;
/** Until V8 has optimised what is hot. */
const WARM_UP_RECORDS = 300_000;

/** The tasks of partition 0: one of each sub-topology. What one writes to a repartition topic, the next one reads. */
class Flow {
  readonly stats = { recordsProcessed: 0, recordsDropped: 0, recordsOut: 0, deadLetters: 0 };
  private readonly tasks: readonly Task[];
  private readonly readers = new Map<string, Task>();
  private readonly endOffsets = new Map<string, number>();

  constructor({ topology: build, rows, cacheMaxBytes }: FlowScenario) {
    const topology = build();
    const plan = topology.plan();
    const settings: ShardSettings = {
      processingGuarantee: 'exactly_once_v2',
      maxTaskIdleMs: -1,
      cacheMaxBytes,
      outputFlushBytes: 1_000_000,
      outputFormat: PLAIN_BATCHES,
      deserializationExceptionHandler: 'fail',
      processingExceptionHandler: 'fail',
      productionExceptionHandler: 'fail',
      deadLetterTopic: undefined,
      maxRequestBytes: 1_048_576,
      appConfig: {},
    };
    const globals = new GlobalStoreUpdater(plan, APPLICATION, () => {});
    const services = {
      applicationId: APPLICATION,
      settings,
      topicPartitions: () => PARTITIONS,
      globalStores: globals.stores,
      cache: new RecordCache(cacheMaxBytes),
      handlers: handlersFor(topology, settings),
      stats: this.stats,
      log: () => {},
      onCommitRequested: () => {},
      onBatchConsumed: () => {},
    };
    this.tasks = plan.subTopologies.map((sub) => {
      const task = new Task(`${sub.id}_0`, 1, sub, services);
      const topics = sub.sources.flatMap((source) => source.topics.map((topic) => resolveTopic(topic, APPLICATION)));
      for (const topic of topics) this.readers.set(topic, task);
      const inputs = topics.map((topic) => ({ topic, partition: 0, startOffset: 0, partitionTimeMs: -1 }));
      task.start(inputs, 1);
      return task;
    });
    if (rows === undefined) return;
    const { bytes, recordCount, nextOffset } = batchOf(rows.records());
    for (const { store } of plan.globalStores) globals.update(store.name, 0, bytes);
    this.readers.get(rows.topic)?.addBatch(rows.topic, 0, bytes, recordCount, nextOffset);
  }

  /** Takes a batch in and processes it. */
  feed(topic: string, bytes: Uint8Array, recordCount: number, nextOffset: number): void {
    const task = this.readers.get(topic);
    if (task === undefined) throw new Error(`No task reads ${topic}.`);
    task.addBatch(topic, 0, bytes, recordCount, nextOffset);
    while (task.process(RECORDS_PER_TURN, Date.now()) > 0);
  }

  /** A commit. What was written to topics within the topology is processed at once; its output belongs to the next commit. */
  closeEpoch(): void {
    for (const task of this.tasks) for (const frame of task.closeEpoch().frames) this.passOn(frame);
  }

  private passOn({ topic, recordCount, bytes }: OutputFrame): void {
    if (!this.readers.has(topic)) return;
    const offset = this.endOffsets.get(topic) ?? 0;
    this.endOffsets.set(topic, offset + recordCount);
    setBatchBaseOffset(bytes, 0, offset);
    this.feed(topic, bytes, recordCount, offset + recordCount);
  }
}

function run(scenario: FlowScenario, records: number): { readonly cpuUsPerRecord: number; readonly recordsOut: number } {
  const flow = new Flow(scenario);
  const loop = scenario.records();
  const feed = (limit: number): number => {
    let done = 0;
    for (let batches = 1; done < limit; batches++) {
      const { bytes, recordCount, nextOffset } = loop.next();
      flow.feed(scenario.input, bytes, recordCount, nextOffset);
      if (batches % BATCHES_PER_EPOCH === 0) flow.closeEpoch();
      done += recordCount;
    }
    flow.closeEpoch();
    return done;
  };
  feed(Math.min(records, WARM_UP_RECORDS));
  const before = process.cpuUsage();
  const outBefore = flow.stats.recordsOut;
  const fed = feed(records);
  const used = process.cpuUsage(before);
  return { cpuUsPerRecord: (used.user + used.system) / fed, recordsOut: (flow.stats.recordsOut - outBefore) / fed };
}

const [name = '', records = '0'] = process.argv.slice(2);
const scenario = scenarios.find((one) => one.name === name);
if (scenario === undefined) throw new Error(`There is no scenario "${name}".`);
process.stdout.write(`${JSON.stringify(run(scenario, Number(records)))}\n`);
