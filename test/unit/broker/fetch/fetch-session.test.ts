import { describe, expect, it } from 'vitest';
import { type FetchContext, openFetchContext } from '../../../../src/broker/fetch/fetch-context.ts';
import { type FetchedPartition, type FetchRequest, fetchedPartition } from '../../../../src/broker/fetch/fetch-partition.ts';
import { FINAL_EPOCH, INITIAL_EPOCH, nextEpoch } from '../../../../src/broker/fetch/fetch-session.ts';
import { FetchSessionCache } from '../../../../src/broker/fetch/session-cache.ts';
import { ErrorCode } from '../../../../src/protocol/index.ts';

const BY_NAME = 12;
const BY_ID = 13;
const NO_ID = Buffer.alloc(16);
const MINUTE = 60_000;

type Named = readonly [topic: string, partition: number, fetchOffset?: number];

function request(sessionId: number, sessionEpoch: number, wanted: readonly Named[], forgotten: readonly Named[] = []): FetchRequest {
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolationLevel: 0,
    sessionId,
    sessionEpoch,
    rackId: '',
    topics: wanted.map(([topic, partition, fetchOffset = 0]) => ({
      topic,
      topicId: NO_ID,
      partitions: [
        {
          partition,
          fetchOffset,
          currentLeaderEpoch: -1,
          lastFetchedEpoch: -1,
          logStartOffset: -1,
          partitionMaxBytes: 1000,
          replicaDirectoryId: NO_ID,
          highWatermark: 0,
        },
      ],
    })),
    forgottenTopicsData: forgotten.map(([topic, partition]) => ({ topic, topicId: NO_ID, partitions: [partition] })),
  };
}

/** Plays the log: high watermarks and records by partition, all else empty. */
function answer(
  context: FetchContext,
  state: Readonly<Record<string, { highWatermark?: number; bytes?: number; errorCode?: number }>> = {},
) {
  const fetched = context.partitions.map((asked): FetchedPartition => {
    const { highWatermark = 0, bytes = 0, errorCode = 0 } = state[`${asked.topic}-${asked.partition}`] ?? {};
    const result = {
      errorCode,
      records: Buffer.alloc(bytes),
      nextOffset: 0,
      highWatermark,
      lastStableOffset: highWatermark,
      logStartOffset: 0,
      abortedTransactions: null,
    };
    return { ...fetchedPartition(asked), errorCode, result };
  });
  const { errorCode, sessionId, partitions } = context.finish(fetched);
  return { errorCode, sessionId, partitions: partitions.map(({ asked }) => `${asked.topic}-${asked.partition}`) };
}

const names = (context: FetchContext): string[] => context.partitions.map(({ topic, partition }) => `${topic}-${partition}`);

function cacheOf(slots = 10): FetchSessionCache {
  return new FetchSessionCache(() => slots);
}

function open(cache: FetchSessionCache, wanted: readonly Named[], version = BY_NAME, nowMs = 0): number {
  return answer(openFetchContext(request(0, INITIAL_EPOCH, wanted), version, cache, nowMs)).sessionId;
}

describe('a fetch session', () => {
  it('tells everything in the first fetch, and then only what is new', () => {
    const cache = cacheOf();
    const id = open(cache, [
      ['a', 0],
      ['a', 1],
      ['b', 0],
    ]);
    expect(id).toBeGreaterThan(0);
    const second = openFetchContext(request(id, 1, []), BY_NAME, cache, 0);
    expect(names(second)).toEqual(['a-0', 'a-1', 'b-0']);
    expect(answer(second)).toEqual({ errorCode: 0, sessionId: id, partitions: [] });
    const third = openFetchContext(request(id, 2, []), BY_NAME, cache, 0);
    expect(answer(third, { 'a-1': { highWatermark: 7 } }).partitions).toEqual(['a-1']);
    const fourth = openFetchContext(request(id, 3, []), BY_NAME, cache, 0);
    expect(answer(fourth, { 'a-1': { highWatermark: 7 }, 'b-0': { bytes: 5 } }).partitions).toEqual(['b-0']);
  });

  it('tells of an error each time, and of the partition again once it is over', () => {
    const cache = cacheOf();
    const id = open(cache, [['a', 0]]);
    const failing = { 'a-0': { errorCode: ErrorCode.KAFKA_STORAGE_ERROR } };
    for (const epoch of [1, 2]) {
      expect(answer(openFetchContext(request(id, epoch, []), BY_NAME, cache, 0), failing).partitions).toEqual(['a-0']);
    }
    expect(answer(openFetchContext(request(id, 3, []), BY_NAME, cache, 0)).partitions).toEqual(['a-0']);
    expect(answer(openFetchContext(request(id, 4, []), BY_NAME, cache, 0)).partitions).toEqual([]);
  });

  it('takes in what is added, changed and forgotten', () => {
    const cache = cacheOf();
    const id = open(cache, [
      ['a', 0],
      ['a', 1],
    ]);
    const changed = openFetchContext(
      request(
        id,
        1,
        [
          ['a', 1, 42],
          ['c', 3],
        ],
        [['a', 0]],
      ),
      BY_NAME,
      cache,
      0,
    );
    expect(names(changed)).toEqual(['a-1', 'c-3']);
    expect(changed.partitions[0]?.fetchOffset).toBe(42);
    // The new partition is told of although nothing has happened to it.
    expect(answer(changed).partitions).toEqual(['c-3']);
    expect(cache.partitions).toBe(2);
  });

  it('reads first next time what had no records', () => {
    const cache = cacheOf();
    const id = open(cache, [
      ['a', 0],
      ['a', 1],
      ['a', 2],
    ]);
    answer(openFetchContext(request(id, 1, []), BY_NAME, cache, 0), { 'a-0': { bytes: 9 } });
    const next = openFetchContext(request(id, 2, []), BY_NAME, cache, 0);
    expect(names(next)).toEqual(['a-1', 'a-2', 'a-0']);
    answer(next, { 'a-1': { bytes: 9 }, 'a-2': { bytes: 9 } });
    expect(names(openFetchContext(request(id, 3, []), BY_NAME, cache, 0))).toEqual(['a-0', 'a-1', 'a-2']);
  });

  it('ends when nothing is left in it', () => {
    const cache = cacheOf();
    const id = open(cache, [['a', 0]]);
    expect(answer(openFetchContext(request(id, 1, [], [['a', 0]]), BY_NAME, cache, 0))).toEqual({
      errorCode: 0,
      sessionId: 0,
      partitions: [],
    });
    expect([cache.size, cache.partitions]).toEqual([0, 0]);
  });

  it('is closed by a fetch outside of sessions, and replaced by a new first fetch', () => {
    const cache = cacheOf();
    const first = open(cache, [['a', 0]]);
    const second = answer(openFetchContext(request(first, INITIAL_EPOCH, [['a', 0]]), BY_NAME, cache, 0)).sessionId;
    expect([cache.size, cache.get(first)]).toEqual([1, undefined]);
    const last = openFetchContext(request(second, FINAL_EPOCH, [['a', 0]]), BY_NAME, cache, 0);
    expect(answer(last)).toEqual({ errorCode: 0, sessionId: 0, partitions: ['a-0'] });
    expect(cache.size).toBe(0);
  });

  it('goes by names or by ids', () => {
    const cache = cacheOf();
    const byName = open(cache, [['a', 0]], BY_NAME);
    expect(answer(openFetchContext(request(byName, 1, []), BY_ID, cache, 0)).errorCode).toBe(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
    const byId = open(cache, [['', 0]], BY_ID);
    expect(answer(openFetchContext(request(byId, 1, []), BY_NAME, cache, 0)).errorCode).toBe(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
  });

  it('refuses a session it does not have, and an epoch that is not the next', () => {
    const cache = cacheOf();
    const id = open(cache, [['a', 0]]);
    const unknown = answer(openFetchContext(request(id === 1 ? 2 : 1, 1, []), BY_NAME, cache, 0));
    expect(unknown).toEqual({ errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0, partitions: [] });
    const early = answer(openFetchContext(request(id, 2, []), BY_NAME, cache, 0));
    expect(early).toEqual({ errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH, sessionId: 0, partitions: [] });
  });

  it('gives an error to a fetch that another one of the session has overtaken', () => {
    const cache = cacheOf();
    const id = open(cache, [['a', 0]]);
    const slow = openFetchContext(request(id, 1, []), BY_NAME, cache, 0);
    openFetchContext(request(id, 2, []), BY_NAME, cache, 0);
    expect(answer(slow, { 'a-0': { bytes: 1 } })).toMatchObject({ errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH, partitions: [] });
  });

  it('counts epochs from 1 again after the last one', () => {
    expect([nextEpoch(0), nextEpoch(5), nextEpoch(0x7fffffff)]).toEqual([1, 6, 1]);
  });
});

describe('the slots for sessions', () => {
  it('may be none', () => {
    expect(open(cacheOf(0), [['a', 0]])).toBe(0);
  });

  it('are not taken from sessions younger than two minutes', () => {
    const cache = cacheOf(1);
    const first = open(cache, [['a', 0]], BY_NAME, 0);
    expect(
      open(
        cache,
        [
          ['a', 0],
          ['a', 1],
        ],
        BY_NAME,
        2 * MINUTE,
      ),
    ).toBe(0);
    expect(cache.get(first)).toBeDefined();
  });

  it('are taken from the session unused for longest, after two minutes', () => {
    const cache = cacheOf(2);
    const [first, second] = [
      open(cache, [
        ['a', 0],
        ['a', 1],
      ]),
      open(cache, [
        ['a', 0],
        ['a', 1],
      ]),
    ];
    openFetchContext(request(first, 1, []), BY_NAME, cache, MINUTE);
    const third = open(cache, [['a', 0]], BY_NAME, 2 * MINUTE + 1);
    expect(third).toBeGreaterThan(0);
    expect([cache.get(first)?.id, cache.get(second)]).toEqual([first, undefined]);
  });

  it('are taken from the smallest old session when it is no larger than the new one', () => {
    const cache = cacheOf(2);
    const small = open(cache, [
      ['a', 0],
      ['a', 1],
    ]);
    const large = open(cache, [
      ['a', 0],
      ['a', 1],
      ['a', 2],
    ]);
    for (const id of [small, large]) openFetchContext(request(id, 1, []), BY_NAME, cache, 2 * MINUTE);
    expect(open(cache, [['b', 0]], BY_NAME, 3 * MINUTE)).toBe(0);
    expect(
      open(
        cache,
        [
          ['b', 0],
          ['b', 1],
        ],
        BY_NAME,
        3 * MINUTE,
      ),
    ).toBeGreaterThan(0);
    expect([cache.get(small), cache.get(large)?.id]).toEqual([undefined, large]);
  });
});
