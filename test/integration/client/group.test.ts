/** Members of consumer groups against the embedded broker: who gets what, when members come, go and die. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Assignor,
  ClassicGroupMember,
  commitOffsets,
  cooperativeStickyAssignor,
  fetchOffsets,
  type GroupMemberOptions,
  type KafkaClient,
  noMember,
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
  type TopicPartition,
} from '../../../src/client/index.ts';
import { CreatePartitions, CreateTopics } from '../../../src/protocol/index.ts';
import { type Cluster, PREFIX, startCluster } from './cluster.ts';
import { waitFor } from './wait-for.ts';

const PARTITIONS = 6;
const [A, B, GROWING] = ['a', 'b', 'growing'].map((name) => PREFIX + name) as [string, string, string];

let cluster: Cluster;
let client: KafkaClient;
let groups = 0;
const opened: TestMember[] = [];

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 }, { metadataMaxAgeMs: 200 });
  client = cluster.client;
  await createTopic(A, PARTITIONS);
  await createTopic(B, PARTITIONS);
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ member }) => member.close({ leave: true })));
});
afterAll(async () => {
  await cluster.close();
});

async function createTopic(name: string, numPartitions: number): Promise<void> {
  await client.request(
    CreateTopics,
    { topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }], timeoutMs: 10_000 },
    'controller',
  );
}

interface TestMember {
  readonly member: ClassicGroupMember;
  /** What happened, such as `+6` or `-3`. */
  readonly events: string[];
  readonly errors: Error[];
}

function join(groupId: string, options: Partial<GroupMemberOptions> = {}): TestMember {
  const events: string[] = [];
  const errors: Error[] = [];
  const note = (sign: string) => async (partitions: readonly TopicPartition[]) => {
    events.push(`${sign}${partitions.length}`);
  };
  const member = new ClassicGroupMember(client, {
    groupId,
    topics: [A],
    heartbeatIntervalMs: 50,
    sessionTimeoutMs: 6_000,
    listener: { onAssigned: note('+'), onRevoked: note('-'), onLost: note('!') },
    onError: (error) => errors.push(error),
    ...options,
  });
  member.start();
  const opening = { member, events, errors };
  opened.push(opening);
  return opening;
}

const names = ({ member }: TestMember): string[] => member.assignment.map(({ topic, partition }) => `${topic}-${partition}`).toSorted();

/** Waits until every partition has exactly one owner, and everybody has a share. */
async function settled(members: readonly TestMember[], total = PARTITIONS): Promise<void> {
  await waitFor(() => {
    const all = members.flatMap(names);
    return all.length === total && new Set(all).size === total && members.every((one) => names(one).length > 0);
  });
}

const assignors: [string, () => Assignor][] = [
  ['range', () => rangeAssignor],
  ['roundrobin', () => roundRobinAssignor],
  ['sticky', stickyAssignor],
  ['cooperative-sticky', () => cooperativeStickyAssignor],
];

describe.each(assignors)('a group with the %s assignor', (_name, assignor) => {
  it('shares its partitions among members that come and go', async () => {
    const groupId = `${PREFIX}sharing-${groups++}`;
    const first = join(groupId, { assignors: [assignor()] });
    await settled([first]);
    const second = join(groupId, { assignors: [assignor()] });
    await settled([first, second]);
    const third = join(groupId, { assignors: [assignor()] });
    await settled([first, second, third]);
    expect([first, second, third].map((one) => names(one).length)).toEqual([2, 2, 2]);
    await first.member.close();
    await settled([second, third]);
    expect([first, second, third].flatMap(({ errors }) => errors)).toEqual([]);
  });
});

describe('a cooperative group', () => {
  it('takes from members only what goes to others', async () => {
    const groupId = `${PREFIX}cooperative-${groups++}`;
    const first = join(groupId, { assignors: [cooperativeStickyAssignor] });
    await settled([first]);
    const second = join(groupId, { assignors: [cooperativeStickyAssignor] });
    await settled([first, second]);
    const revoked = first.events.filter((event) => event.startsWith('-'));
    expect(revoked).toEqual(['-3']);
    expect(first.events[0]).toBe('+6');
  });
});

describe('an eager group', () => {
  it('gives everything up before it joins again', async () => {
    const groupId = `${PREFIX}eager-${groups++}`;
    const first = join(groupId);
    await settled([first]);
    const second = join(groupId);
    await settled([first, second]);
    expect(first.events.slice(0, 3)).toEqual(['+6', '-6', '+3']);
    expect(second.events.at(-1)).toBe('+3');
  });
});

describe('a member', () => {
  it('follows a changed subscription and a topic that gets more partitions', async () => {
    await createTopic(GROWING, 1);
    const one = join(`${PREFIX}topics-${groups++}`, { topics: [GROWING] });
    await settled([one], 1);
    await client.request(
      CreatePartitions,
      { topics: [{ name: GROWING, count: 3, assignments: null }], timeoutMs: 5_000, validateOnly: false },
      'controller',
    );
    await settled([one], 3);
    one.member.subscribe([GROWING, B]);
    await settled([one], 3 + PARTITIONS);
  });

  it('that is static keeps its partitions over a restart', async () => {
    const groupId = `${PREFIX}static-${groups++}`;
    const first = join(groupId, { groupInstanceId: 'one' });
    const second = join(groupId, { groupInstanceId: 'two' });
    await settled([first, second]);
    const before = names(first);
    await first.member.close();
    const again = join(groupId, { groupInstanceId: 'one' });
    await waitFor(() => again.member.assignment.length > 0);
    expect(names(again)).toEqual(before);
    expect(second.events.filter((event) => event === '+3').length).toBeLessThanOrEqual(1);
  });

  it('is told when another takes its instance id', async () => {
    const groupId = `${PREFIX}fenced-${groups++}`;
    const first = join(groupId, { groupInstanceId: 'same' });
    await settled([first]);
    const second = join(groupId, { groupInstanceId: 'same' });
    await waitFor(() => first.errors.length > 0);
    expect(first.errors[0]).toMatchObject({ code: 'TASK_MIGRATED' });
    expect(first.errors[0]?.message).toContain('instance');
    expect(first.events.at(-1)).toBe('!6');
    await settled([second]);
  });

  it('that went silent loses its partitions and comes back', async () => {
    const groupId = `${PREFIX}silent-${groups++}`;
    const silent = join(groupId, { heartbeatIntervalMs: 5_900, sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 200 });
    await settled([silent]);
    // It hears of the rebalance too late: the others do not wait for it.
    const other = join(groupId, { rebalanceTimeoutMs: 200 });
    await waitFor(() => names(other).length === PARTITIONS);
    await settled([silent, other]);
    expect(silent.events).toContain('!6');
  });
});

describe('offsets', () => {
  it('are committed and read by members', async () => {
    const groupId = `${PREFIX}offsets-${groups++}`;
    const one = join(groupId);
    await settled([one]);
    await one.member.commit([
      { topic: A, partition: 0, offset: 42, metadata: 'note' },
      { topic: A, partition: 1, offset: 43 },
    ]);
    const read = await one.member.committed(
      [
        { topic: A, partition: 0 },
        { topic: A, partition: 2 },
      ],
      { requireStable: true },
    );
    expect(read.map(({ partition, offset, metadata }) => [partition, offset, metadata])).toEqual([
      [0, 42, 'note'],
      [2, -1, ''],
    ]);
    expect(await fetchOffsets(client, groupId)).toHaveLength(2);
  });

  it('of an older generation are refused', async () => {
    const groupId = `${PREFIX}stale-${groups++}`;
    const one = join(groupId);
    await settled([one]);
    const { generation } = one.member;
    const other = join(groupId);
    await settled([one, other]);
    const stale = one.member.commit([{ topic: A, partition: 0, offset: 1 }], { generation });
    await expect(stale).rejects.toMatchObject({ code: 'TASK_MIGRATED', context: { kafkaError: 'ILLEGAL_GENERATION' } });
  });

  it('are committed from outside while the group is empty', async () => {
    const groupId = `${PREFIX}outside-${groups++}`;
    await commitOffsets(client, noMember(groupId), [{ topic: A, partition: 5, offset: 7 }]);
    expect(await fetchOffsets(client, groupId)).toMatchObject([{ topic: A, partition: 5, offset: 7 }]);
    const one = join(groupId);
    await settled([one]);
    const foreign = commitOffsets(client, noMember(groupId), [{ topic: A, partition: 5, offset: 8 }]);
    await expect(foreign).rejects.toMatchObject({ code: 'TASK_MIGRATED' });
  });
});

describe('a coordinator that goes away', () => {
  it('is waited for, and commits go through when it is back', async () => {
    const groupId = `${PREFIX}moving-${groups++}`;
    const one = join(groupId);
    await settled([one]);
    for (const node of [1, 2, 3]) {
      await cluster.broker.stopNode(node);
      const commit = one.member.commit([{ topic: A, partition: 0, offset: node }]);
      await sleep(100);
      await cluster.broker.startNode(node);
      await commit;
    }
    expect((await one.member.committed([{ topic: A, partition: 0 }]))[0]?.offset).toBe(3);
    expect(one.errors).toEqual([]);
  });
});
