import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../../../src/broker/index.ts';
import { Random } from '../../../simulation/random.ts';
import { FaultyJob, GROUP, JOB, TOPICS } from './faulty-job.ts';

/** `FAULT_SEED=123` repeats a run, `FAULT_ROUNDS=20` makes more of them. */
const SEED = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env.FAULT_ROUNDS ?? 1);
const STEPS = 40;
const NODES = [1, 2, 3];

/** Errors that a broker may answer at any time, each with the requests that may get it. */
const ERRORS: readonly (readonly [error: string, apis: readonly string[]])[] = [
  ['NOT_LEADER_OR_FOLLOWER', ['Produce', 'Fetch', 'ListOffsets']],
  ['NOT_ENOUGH_REPLICAS', ['Produce']],
  ['REQUEST_TIMED_OUT', ['Produce']],
  ['KAFKA_STORAGE_ERROR', ['Produce', 'Fetch']],
  ['UNKNOWN_TOPIC_ID', ['Fetch']],
  ['UNKNOWN_LEADER_EPOCH', ['Fetch', 'ListOffsets']],
  ['FETCH_SESSION_ID_NOT_FOUND', ['Fetch']],
  ['CONCURRENT_TRANSACTIONS', ['AddPartitionsToTxn', 'EndTxn', 'InitProducerId']],
  ['COORDINATOR_LOAD_IN_PROGRESS', ['EndTxn', 'InitProducerId', 'TxnOffsetCommit', 'OffsetFetch', 'JoinGroup', 'SyncGroup', 'Heartbeat']],
  ['NOT_COORDINATOR', ['EndTxn', 'TxnOffsetCommit', 'Heartbeat', 'JoinGroup', 'OffsetFetch']],
  ['COORDINATOR_NOT_AVAILABLE', ['FindCoordinator']],
  ['UNKNOWN_MEMBER_ID', ['Heartbeat', 'TxnOffsetCommit']],
  ['ILLEGAL_GENERATION', ['Heartbeat', 'TxnOffsetCommit']],
  ['REBALANCE_IN_PROGRESS', ['Heartbeat', 'SyncGroup', 'TxnOffsetCommit']],
  ['TRANSACTION_ABORTABLE', ['Produce', 'TxnOffsetCommit', 'EndTxn']],
  ['UNSTABLE_OFFSET_COMMIT', ['OffsetFetch']],
];
const APIS = [
  'Fetch',
  'Produce',
  'EndTxn',
  'TxnOffsetCommit',
  'InitProducerId',
  'Heartbeat',
  'JoinGroup',
  'SyncGroup',
  'OffsetFetch',
  'Metadata',
  'ListOffsets',
  'FindCoordinator',
];

/** Some fault of requests; it is over after a few of them. */
function someFault(random: Random): Fault {
  const scope = { clientId: JOB, count: 1 + random.below(4), probability: 0.1 + 0.9 * random.next(), seed: random.below(1_000_000) };
  switch (random.below(6)) {
    case 0:
      return { ...scope, api: random.pick(APIS), action: 'disconnect', when: random.pick(['before', 'after'] as const) };
    case 1:
      return { ...scope, api: random.pick(APIS), action: 'disconnect', when: 'during', bytes: 1 + random.below(400) };
    case 2:
      return { ...scope, action: 'throttle', throttleTimeMs: 1 + random.below(100) };
    case 3:
      return {
        ...scope,
        api: random.pick(APIS),
        action: 'delay',
        delayMs: 1 + random.below(200),
        when: random.pick(['before', 'after'] as const),
      };
    default: {
      const [error, apis] = random.pick(ERRORS);
      return { ...scope, api: random.pick(apis), action: 'error', error } as Fault;
    }
  }
}

const FENCES = 'expires a transaction';
/** An application that is fenced more often in ten minutes takes it that another one has its name. */
const MAX_FENCES = 2;

/** Does something that may go wrong in a cluster; returns what it was. */
async function something(job: FaultyJob, random: Random, mayFence: boolean): Promise<string> {
  const node = random.pick(NODES);
  switch (random.below(12)) {
    case 0: {
      const topic = random.pick(TOPICS);
      await job.moveLeaders(topic);
      return `moves the leaders of ${topic}`;
    }
    case 1: {
      const type = random.pick(['group', 'transaction'] as const);
      await job.moveCoordinator(type);
      return `moves the ${type} coordinator`;
    }
    case 2:
      await job.broker.stopNode(node);
      await sleep(random.below(300));
      await job.broker.startNode(node);
      return `stops and starts node ${node}`;
    case 3:
      await job.broker.pauseNode(node);
      await sleep(random.below(300));
      await job.broker.resumeNode(node);
      return `pauses node ${node} for a while`;
    case 4: {
      if (!mayFence) return 'does nothing';
      const expired = await expires(async () => job.broker.expireTransaction(await job.transactionalId()));
      return `${expired ? FENCES : 'finds no transaction to expire'}`;
    }
    case 5: {
      const [memberId] = await job.members();
      const expired = memberId !== undefined && (await expires(() => job.broker.expireMember(GROUP, memberId)));
      return `expires the member ${memberId}: ${expired}`;
    }
    default: {
      const fault = someFault(random);
      await job.broker.faults.add(fault);
      return JSON.stringify(fault);
    }
  }
}

/** False when there was nothing to expire at the moment. */
async function expires(expire: () => Promise<void>): Promise<boolean> {
  try {
    await expire();
    return true;
  } catch {
    return false;
  }
}

describe('over wire, whatever goes wrong at whatever time', () => {
  let job: FaultyJob;
  afterEach(() => job.close());

  it.each(Array.from({ length: ROUNDS }, (_, round) => SEED + round))('with seed %i every record is counted once', async (seed) => {
    const random = new Random(seed);
    const steps: string[] = [];
    job = await FaultyJob.start({ transport: 'wire', config: { requestTimeoutMs: 20_000 } });
    try {
      await job.underLoad(async () => {
        for (let step = 0; step < STEPS; step++) {
          steps.push(await something(job, random, steps.filter((done) => done === FENCES).length < MAX_FENCES));
          await sleep(random.below(150));
          job.alive();
        }
        await job.broker.faults.clear();
      });
      await job.exact();
      await job.stop();
    } catch (error) {
      throw new Error(
        `FAULT_SEED=${seed}: ${error instanceof Error ? error.message : String(error)}\n${steps.join('\n')}\n${job.app?.errors}`,
        {
          cause: error,
        },
      );
    }
    expect(job.written).toBeGreaterThan(1_000);
  });
});
