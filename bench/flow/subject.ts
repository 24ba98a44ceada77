import { PLAIN_BATCHES } from '../../src/protocol/index.ts';
import type { ShardSettings } from '../../src/shard/messages.ts';
import { RecordCache } from '../../src/state/index.ts';
import { GlobalStoreUpdater } from '../../src/task/global-store-updater.ts';
import { handlersFor } from '../../src/task/handlers.ts';
import { Task } from '../../src/task/task.ts';
import { resolveTopic } from '../../src/topology/topic-names.ts';
import { airportRows, FlightStream } from './records.ts';
import { type FlowScenario, scenarios } from './scenarios.ts';

/** Subject: one scenario in a process of its own, so that none profits or suffers from what V8 learnt of another. */
const PARTITIONS = 4;
const RECORDS_PER_TURN = 1_000;
/** As many as the flights job has between two commits, about. */
const BATCHES_PER_EPOCH = 8;

const [name = '', records = '0'] = process.argv.slice(2);
const scenario = scenarios.find((one) => one.name === name);
if (scenario === undefined) throw new Error(`There is no scenario "${name}".`);
process.stdout.write(`${JSON.stringify(run(scenario, Number(records)))}\n`);

function run(scenario: FlowScenario, records: number): { readonly cpuUsPerRecord: number; readonly recordsOut: number } {
  const { task, stats } = makeTask(scenario);
  const flights = new FlightStream();
  const feed = (limit: number): number => {
    let done = 0;
    for (let batches = 0; done < limit; batches++) {
      const { bytes, recordCount, nextOffset } = flights.next();
      task.addBatch(scenario.input, 0, bytes, recordCount, nextOffset);
      while (task.process(RECORDS_PER_TURN, Date.now()) > 0);
      if (batches % BATCHES_PER_EPOCH === BATCHES_PER_EPOCH - 1) task.closeEpoch();
      done += recordCount;
    }
    task.closeEpoch();
    return done;
  };
  feed(Math.min(records, 100_000)); // until V8 has optimised what is hot
  const before = process.cpuUsage();
  const outBefore = stats.recordsOut;
  const fed = feed(records);
  const used = process.cpuUsage(before);
  return { cpuUsPerRecord: (used.user + used.system) / fed, recordsOut: stats.recordsOut - outBefore };
}

/** A task as a shard makes it, with its tables filled. */
function makeTask({ topology: build, input, rows, cacheMaxBytes }: FlowScenario) {
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
  const stats = { recordsProcessed: 0, recordsDropped: 0, recordsOut: 0, deadLetters: 0 };
  const globals = new GlobalStoreUpdater(plan, 'bench', () => {});
  const subTopology = plan.subTopologies.find(({ sources }) =>
    sources.some(({ topics }) => topics.some((topic) => resolveTopic(topic, 'bench') === input)),
  );
  if (subTopology === undefined) throw new Error(`No sub-topology reads ${input}.`);
  const task = new Task(`${subTopology.id}_0`, 1, subTopology, {
    applicationId: 'bench',
    settings,
    topicPartitions: () => PARTITIONS,
    globalStores: globals.stores,
    cache: new RecordCache(cacheMaxBytes),
    handlers: handlersFor(topology, settings),
    stats,
    log: () => {},
    onCommitRequested: () => {},
    onBatchConsumed: () => {},
  });
  const inputs = rows === undefined || plan.globalStores.length > 0 ? [input] : [input, rows];
  task.start(
    inputs.map((topic) => ({ topic, partition: 0, startOffset: 0, partitionTimeMs: -1 })),
    1,
  );
  if (rows !== undefined) {
    const { bytes, recordCount, nextOffset } = airportRows();
    for (const { store } of plan.globalStores) globals.update(store.name, 0, bytes);
    if (plan.globalStores.length === 0) task.addBatch(rows, 0, bytes, recordCount, nextOffset);
  }
  return { task, stats };
}
