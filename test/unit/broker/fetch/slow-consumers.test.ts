import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ServedRequest } from '../../../../src/broker/dispatcher.ts';
import type { FetchRequest } from '../../../../src/broker/fetch/fetch-partition.ts';
import { fetchHandler } from '../../../../src/broker/handlers/01-fetch.ts';
import type { HandlerDeps } from '../../../../src/broker/handlers/deps.ts';
import type { PartitionLog } from '../../../../src/broker/log/index.ts';
import { createLogResources } from '../../../../src/broker/log/log-resources.ts';
import { ResponseMemory } from '../../../../src/broker/server/response-memory.ts';
import { batchOf, client, ManualClock, openLog, temporaryDirectory } from '../log/support/harness.ts';

const MIB = 1024 * 1024;
const NO_ID = Buffer.alloc(16);
const PARTITIONS = 4;
const BATCHES = 64;
const LIMIT_BYTES = 8 * MIB;
/** What a fetch gets when nothing is left: a little, or one batch. */
const LEAST_BYTES = 128 * 1024;

let directory: ReturnType<typeof temporaryDirectory>;
let logs: PartitionLog[];
let deps: HandlerDeps;
let memory: ResponseMemory;
const clock = new ManualClock();
// Everything is read from the files.
const resources = createLogResources({ clock, tailCacheBytes: 0 });

beforeEach(async () => {
  directory = temporaryDirectory();
  logs = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const log = await openLog(`${directory.path}/t-${partition}`, clock, { partition, resources });
    for (let batch = 0; batch < BATCHES; batch++) log.append(batchOf([{ value: `${partition}`.repeat(60_000) }]), client);
    logs.push(log);
  }
  memory = new ResponseMemory(LIMIT_BYTES);
  const topic = { name: 't', partitions: logs, leaderOf: () => 1 };
  deps = {
    clock,
    responseMemory: memory,
    topics: { get: () => topic },
    configs: { number: () => 50 * MIB },
  } as unknown as HandlerDeps;
});

afterEach(async () => {
  for (const log of logs) await log.close();
  directory.remove();
});

/** A client that takes its response when `taken` is called, and not before. */
class SlowConsumer {
  taken: () => void = () => undefined;
  bytes = 0;

  async fetch(handle: ReturnType<typeof fetchHandler>): Promise<number> {
    const connection = { closed: false, onClose: () => () => undefined, afterResponse: (callback: () => void) => (this.taken = callback) };
    const context = { apiVersion: 11, nodeId: 1, connection } as unknown as ServedRequest;
    const response = await handle(request(), context);
    for (const { partitions } of response.responses) {
      for (const { partitionIndex, records } of partitions) {
        this.bytes += records?.length ?? 0;
        // Nobody else's data has come into the memory.
        if (records !== null && records.length > 0) expect(records.at(-100)).toBe(`${partitionIndex}`.charCodeAt(0));
      }
    }
    return this.bytes;
  }
}

const request = (): FetchRequest =>
  ({
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 50 * MIB,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    forgottenTopicsData: [],
    topics: [
      {
        topic: 't',
        topicId: NO_ID,
        partitions: logs.map((_, partition) => ({
          partition,
          fetchOffset: 0,
          currentLeaderEpoch: -1,
          lastFetchedEpoch: -1,
          partitionMaxBytes: MIB,
        })),
      },
    ],
  }) as unknown as FetchRequest;

it('the memory for many consumers that take nothing is what is configured, and not what they ask for', async () => {
  const handle = fetchHandler(deps);
  const consumers = Array.from({ length: 60 }, () => new SlowConsumer());
  // All at once: what is read at the same time counts too.
  const sizes = await Promise.all(consumers.map((consumer) => consumer.fetch(handle)));
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  expect(total).toBeLessThanOrEqual(LIMIT_BYTES + consumers.length * LEAST_BYTES);
  expect(memory.usedBytes).toBe(total);
  // Nobody goes away empty-handed.
  expect(Math.min(...sizes)).toBeGreaterThan(0);
  for (const consumer of consumers) consumer.taken();
  expect(memory.usedBytes).toBe(0);
  const alone = new SlowConsumer();
  expect(await alone.fetch(handle)).toBeGreaterThan(3 * MIB);
  alone.taken();
});

it('the memory of responses that were taken is used again', async () => {
  const handle = fetchHandler(deps);
  const consumer = new SlowConsumer();
  await consumer.fetch(handle);
  consumer.taken();
  const idle = resources.readBuffers.idleBytes;
  expect(idle).toBeGreaterThan(0);
  for (let round = 0; round < 20; round++) {
    await consumer.fetch(handle);
    consumer.taken();
  }
  expect(resources.readBuffers.idleBytes).toBe(idle);
});
