import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../../../src/broker/index.ts';
import { BOTH, FaultyJob, JOB } from './faulty-job.ts';

/** Enough to meet several transactions, few enough to be over soon. */
const HITS = 3;
const error = (api: string | readonly string[], name: string, scope: object = {}): Fault =>
  ({ api, action: 'error', error: name, ...scope }) as Fault;

const PASSING_ERRORS: readonly Fault[] = [
  error('Produce', 'NOT_ENOUGH_REPLICAS'),
  error('Produce', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'),
  error('Produce', 'REQUEST_TIMED_OUT'),
  error('Produce', 'KAFKA_STORAGE_ERROR'),
  error('Produce', 'NOT_LEADER_OR_FOLLOWER', { topic: 'app-by-word-repartition' }),
  error('Produce', 'UNKNOWN_TOPIC_OR_PARTITION', { topic: 'counts' }),
  error('Produce', 'CONCURRENT_TRANSACTIONS'),
  error('Produce', 'TRANSACTION_ABORTABLE'),
  error('Fetch', 'NOT_LEADER_OR_FOLLOWER'),
  error('Fetch', 'FENCED_LEADER_EPOCH'),
  error('Fetch', 'UNKNOWN_LEADER_EPOCH'),
  error('Fetch', 'UNKNOWN_TOPIC_ID'),
  error('Fetch', 'OFFSET_NOT_AVAILABLE'),
  error('Fetch', 'KAFKA_STORAGE_ERROR'),
  error('Fetch', 'FETCH_SESSION_ID_NOT_FOUND'),
  error('Fetch', 'INVALID_FETCH_SESSION_EPOCH'),
  error(['AddPartitionsToTxn', 'EndTxn'], 'CONCURRENT_TRANSACTIONS'),
  error(['AddPartitionsToTxn', 'EndTxn', 'TxnOffsetCommit'], 'COORDINATOR_LOAD_IN_PROGRESS'),
  error(['AddPartitionsToTxn', 'EndTxn'], 'NOT_COORDINATOR'),
  error('TxnOffsetCommit', 'COORDINATOR_NOT_AVAILABLE'),
  error('TxnOffsetCommit', 'REBALANCE_IN_PROGRESS'),
];

/** An answer that is lost is waited for so long. */
const REQUEST_TIMEOUT_MS = 3_000;
const IMPATIENT = {
  consumer: { 'session.timeout.ms': 6_000, 'heartbeat.interval.ms': 500, 'request.timeout.ms': REQUEST_TIMEOUT_MS },
  producer: { 'request.timeout.ms': REQUEST_TIMEOUT_MS },
};

const named = (faults: readonly Fault[]): [string, Fault][] =>
  faults.map((fault) => {
    const { api, count: _, clientId: __, ...rest } = fault;
    return [`${[api].flat().join(', ')}: ${Object.values(rest).join(' ')}`, fault];
  });

describe.each(BOTH)('over %s, whatever becomes of requests, the application counts exactly once', (transport) => {
  let job: FaultyJob;
  beforeAll(async () => {
    job = await FaultyJob.start({ transport, ...(transport === 'wire' && { config: IMPATIENT }) });
  });
  afterEach(() => job.broker.faults.clear());
  afterAll(() => job.close());

  async function survives(fault: Fault): Promise<void> {
    await job.underLoad(async () => {
      const handle = await job.broker.faults.add({ clientId: JOB, count: HITS, ...fault });
      await handle.waitForHits(fault.count ?? HITS);
    });
    await job.exact();
  }

  it.each(named(PASSING_ERRORS))('%s', (_, fault) => survives(fault));

  it.each(
    named([
      { api: 'Fetch', action: 'disconnect', when: 'during', bytes: 200 },
      { api: 'Fetch', action: 'disconnect', when: 'during', bytes: 6 },
      { api: 'Produce', action: 'disconnect', when: 'during', bytes: 6 },
      { api: 'Produce', action: 'disconnect', when: 'after' },
      { api: 'Produce', action: 'disconnect', when: 'before' },
      { api: 'EndTxn', action: 'disconnect', when: 'during', bytes: 6 },
      { api: 'EndTxn', action: 'disconnect', when: 'before' },
      { api: 'TxnOffsetCommit', action: 'disconnect', when: 'after' },
      { api: 'Heartbeat', action: 'disconnect', when: 'after', count: 1 },
    ]),
  )('%s', (_, fault) => survives(fault));

  it.each(
    named([
      { api: 'Produce', action: 'throttle', throttleTimeMs: 100 },
      { api: 'Fetch', action: 'throttle', throttleTimeMs: 100 },
      { action: 'throttle', throttleTimeMs: 50 },
      { api: ['Fetch', 'Produce', 'EndTxn'], action: 'delay', delayMs: 50, when: 'after' },
    ]),
  )('%s', (_, fault) => survives(fault));

  it.runIf(transport === 'wire').each(
    named([
      { api: 'Fetch', action: 'drop', count: 1 },
      { api: 'EndTxn', action: 'drop', when: 'after', count: 1 },
      { api: 'TxnOffsetCommit', action: 'drop', count: 1 },
    ]),
  )('%s', (_, fault) => survives(fault));

  it('in the end, after an orderly stop', async () => {
    await job.stop();
    expect(job.written).toBeGreaterThan(PASSING_ERRORS.length * HITS);
  });
});
