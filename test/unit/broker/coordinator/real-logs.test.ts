/** Both coordinators on the real partition log: what they wrote is there after a kill, and after compaction. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Code, silentLogger } from '../../../../src/broker/coordinator/index.ts';
import { GroupCoordinator } from '../../../../src/broker/group/coordinator.ts';
import { PartitionLog } from '../../../../src/broker/log/index.ts';
import type { TopicRegistryApi, TopicState } from '../../../../src/broker/seams.ts';
import { TransactionCoordinator } from '../../../../src/broker/txn/coordinator.ts';
import { RecordBatchBuilder } from '../../../../src/protocol/index.ts';
import { claimedProducerIds, ManualClock } from './fakes.ts';

/** Small, so that compaction finds closed segments. */
const SEGMENT_BYTES = '16384';
const ID = 'etl';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-coordinators-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** Topics on real logs. A second instance on the same directory is the broker after a kill. */
class LogTopics implements TopicRegistryApi {
  readonly #clock: ManualClock;
  readonly #topics = new Map<string, TopicState>();

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  get(name: string): TopicState | undefined {
    return this.#topics.get(name);
  }

  getById(): TopicState | undefined {
    return undefined;
  }

  all(): IterableIterator<TopicState> {
    return this.#topics.values();
  }

  async create(request: { readonly name: string; readonly config: Readonly<Record<string, string>> }): Promise<TopicState> {
    const { name } = request;
    const config = { ...request.config, 'segment.bytes': SEGMENT_BYTES };
    const log = await PartitionLog.open({
      dir: join(dir, `${name}-0`),
      topic: name,
      partition: 0,
      topicId: Buffer.alloc(16, 1),
      config,
      clock: this.#clock,
    });
    const topic: TopicState = {
      name,
      id: Buffer.alloc(16, 1),
      partitions: [log],
      config,
      internal: true,
      leaderOf: () => 1,
      replicasOf: () => [1],
    };
    this.#topics.set(name, topic);
    return topic;
  }

  delete(): Promise<void> {
    return Promise.resolve();
  }

  addPartitions(): Promise<TopicState> {
    return Promise.reject(new Error('not here'));
  }

  async close(): Promise<void> {
    for (const topic of this.#topics.values()) for (const log of topic.partitions) await log.close();
  }
}

interface Life {
  readonly topics: LogTopics;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
}

async function live(clock: ManualClock): Promise<Life> {
  const topics = new LogTopics(clock);
  await topics.create({ name: 'out', config: {} });
  await topics.create({ name: '__consumer_offsets', config: { 'cleanup.policy': 'compact' } });
  await topics.create({ name: '__transaction_state', config: { 'cleanup.policy': 'compact' } });
  const deps = { topics, clock, config: {}, nodes: () => [{ id: 1, host: 'h', port: 1 }], log: silentLogger };
  const groups = new GroupCoordinator(deps);
  await groups.load();
  const transactions = new TransactionCoordinator({ ...deps, groups, producerIdBlocks: claimedProducerIds() });
  await transactions.load();
  return { topics, groups, transactions };
}

/** Commits one offset of `out` for the group; in a transaction when a producer is given. */
async function commit(
  { groups, transactions }: Life,
  offset: number,
  producer?: { producerId: number; producerEpoch: number },
): Promise<void> {
  const request = {
    groupId: 'g',
    memberId: '',
    groupInstanceId: null,
    generationId: -1,
    offsets: [{ topic: 'out', partition: 0, offset, leaderEpoch: -1, metadata: null }],
  };
  if (producer === undefined) {
    expect(await groups.offsets.commit({ ...request, retentionTimeMs: -1, groupNotFoundKnown: true })).toEqual([Code.NONE]);
    return;
  }
  expect(await transactions.addOffsets(ID, producer, 'g')).toBe(Code.NONE);
  expect(await groups.offsets.commitInTransaction({ ...request, ...producer })).toEqual([Code.NONE]);
}

/** One record in the transaction, as a client sends it. */
function produce({ topics }: Life, clock: ManualClock, producer: { producerId: number; producerEpoch: number }): void {
  const builder = new RecordBatchBuilder();
  builder.append(clock.nowMs(), null, Buffer.from('x'));
  const batch = builder.build({ ...producer, baseSequence: 0, transactional: true });
  expect(topics.get('out')!.partitions[0]!.append(batch, { origin: 'client' }).errorCode).toBe(Code.NONE);
}

describe('coordinators on real logs', () => {
  it('come back after a kill with offsets, open and decided transactions, and producer ids', async () => {
    const clock = new ManualClock();
    const first = await live(clock);
    await commit(first, 1);
    const producer = await first.transactions.initProducer(ID, 60_000, null);
    await first.transactions.addPartitions(ID, producer, new Map([['out', new Set([0])]]));
    produce(first, clock, producer);
    await commit(first, 2, producer);

    const second = await live(clock);
    expect(second.groups.store.get('g', 'out', 0)?.offset).toBe(1);
    expect(second.groups.store.hasPending('g', 'out', 0)).toBe(true);
    expect(second.topics.get('out')!.partitions[0]!.lastStableOffset).toBe(0);
    expect((await second.transactions.initProducer(null, -1, null)).producerId).toBeGreaterThan(producer.producerId);
    expect((await second.transactions.endTransaction(ID, producer, true, true)).errorCode).toBe(Code.NONE);
    expect(second.topics.get('out')!.partitions[0]!.lastStableOffset).toBe(2);

    const third = await live(clock);
    expect(third.groups.store.get('g', 'out', 0)?.offset).toBe(2);
    expect(third.transactions.store.get(ID)?.current).toMatchObject({ state: 'CompleteCommit', producerEpoch: producer.producerEpoch + 1 });
    for (const life of [first, second, third]) await life.topics.close();
  });

  it('keep their topics small by compaction, and lose nothing by it', async () => {
    const clock = new ManualClock();
    const first = await live(clock);
    let producer = await first.transactions.initProducer(ID, 60_000, null);
    for (let round = 0; round < 400; round++) {
      await commit(first, round, producer);
      const ended = await first.transactions.endTransaction(ID, producer, round % 4 !== 3, true);
      expect(ended.errorCode).toBe(Code.NONE);
      producer = ended;
    }
    for (const name of ['__consumer_offsets', '__transaction_state']) {
      const log = first.topics.get(name)!.partitions[0]!;
      const before = log.sizeInBytes;
      await clock.advance(1_000);
      await log.clean();
      await clock.advance(86_400_001);
      await log.clean();
      expect(log.sizeInBytes).toBeLessThan(before);
    }
    await commit(first, 400, producer);
    const second = await live(clock);
    expect(second.groups.store.get('g', 'out', 0)?.offset).toBe(398);
    expect(second.groups.store.hasPending('g', 'out', 0)).toBe(true);
    expect(second.transactions.store.get(ID)?.current).toMatchObject({ state: 'Ongoing', producerEpoch: producer.producerEpoch });
    expect((await second.transactions.endTransaction(ID, producer, true, true)).errorCode).toBe(Code.NONE);
    expect(second.groups.store.get('g', 'out', 0)?.offset).toBe(400);
    for (const life of [first, second]) await life.topics.close();
  });
});
