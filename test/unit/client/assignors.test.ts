import { describe, expect, it } from 'vitest';
import {
  type Assignor,
  cooperativeStickyAssignor,
  type MemberSubscription,
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
  type TopicPartition,
} from '../../../src/client/index.ts';

function member(memberId: string, topics: string[], rest: Partial<MemberSubscription> = {}): MemberSubscription {
  return { memberId, topics, groupInstanceId: null, ownedPartitions: [], generationId: -1, rackId: null, userData: null, ...rest };
}

const text = (partitions: readonly TopicPartition[]): string =>
  partitions
    .map(({ topic, partition }) => `${topic}${partition}`)
    .toSorted()
    .join(' ');
function divided(assignor: Assignor, members: MemberSubscription[], counts: Record<string, number>): Record<string, string> {
  const assigned = assignor.assign(members, new Map(Object.entries(counts)));
  return Object.fromEntries([...assigned].map(([memberId, { partitions }]) => [memberId, text(partitions)]));
}
const owned = (list: string): TopicPartition[] => list.split(' ').map((one) => ({ topic: one[0]!, partition: Number(one.slice(1)) }));

describe('range', () => {
  it('gives runs of each topic, the first members one more', () => {
    const members = [member('m2', ['t', 'u']), member('m1', ['t', 'u'])];
    expect(divided(rangeAssignor, members, { t: 3, u: 2 })).toEqual({ m1: 't0 t1 u0', m2: 't2 u1' });
  });

  it('puts static members first, by their instance id', () => {
    const members = [member('a', ['t']), member('z', ['t'], { groupInstanceId: 'i2' }), member('y', ['t'], { groupInstanceId: 'i1' })];
    expect(divided(rangeAssignor, members, { t: 3 })).toEqual({ y: 't0', z: 't1', a: 't2' });
  });

  it('leaves out who does not want a topic, and topics that are not there', () => {
    expect(divided(rangeAssignor, [member('a', ['t', 'gone']), member('b', ['u'])], { t: 2, u: 1 })).toEqual({ a: 't0 t1', b: 'u0' });
  });
});

describe('roundrobin', () => {
  it('deals out over all topics', () => {
    expect(divided(roundRobinAssignor, [member('a', ['t', 'u']), member('b', ['t', 'u'])], { t: 3, u: 3 })).toEqual({
      a: 't0 t2 u1',
      b: 't1 u0 u2',
    });
  });

  it('passes over who does not want a topic', () => {
    // The example of Kafka's RoundRobinAssignor.
    const members = [member('c0', ['t']), member('c1', ['t', 'u']), member('c2', ['t', 'u', 'v'])];
    expect(divided(roundRobinAssignor, members, { t: 1, u: 2, v: 3 })).toEqual({ c0: 't0', c1: 'u0', c2: 'u1 v0 v1 v2' });
  });
});

describe('sticky', () => {
  it('remembers what a member had through its user data', () => {
    const first = stickyAssignor();
    expect(first.userData?.([], -1)).toBeNull();
    first.onAssignment?.({ partitions: owned('t0 t3'), userData: null }, 4);
    const userData = first.userData?.([], 4) ?? null;
    const assigned = divided(first, [member('a', ['t']), member('b', ['t'], { userData })], { t: 4 });
    expect(assigned).toEqual({ a: 't1 t2', b: 't0 t3' });
  });

  it('reads user data without a generation, and takes garbage for nothing', () => {
    // Version 0: one topic "t" with partition 3.
    const old = Buffer.from('000000010001740000000100000003', 'hex');
    const assigned = divided(stickyAssignor(), [member('a', ['t']), member('b', ['t'], { userData: old })], { t: 4 });
    expect(assigned['b']).toContain('t3');
    const garbage = Buffer.from('ffff', 'hex');
    expect(divided(stickyAssignor(), [member('a', ['t'], { userData: garbage })], { t: 1 })).toEqual({ a: 't0' });
  });
});

describe('cooperative-sticky', () => {
  it('gives a partition that moves to nobody until its owner let go', () => {
    const before = [member('a', ['t'], { ownedPartitions: owned('t0 t1 t2 t3'), generationId: 1 }), member('b', ['t'])];
    const first = divided(cooperativeStickyAssignor, before, { t: 4 });
    expect(first).toEqual({ a: 't0 t1', b: '' });
    const after = [member('a', ['t'], { ownedPartitions: owned('t0 t1'), generationId: 2 }), member('b', ['t'], { generationId: 2 })];
    expect(divided(cooperativeStickyAssignor, after, { t: 4 })).toEqual({ a: 't0 t1', b: 't2 t3' });
  });

  it('believes the newer of two claims, and neither of equal ones', () => {
    const stale = member('a', ['t'], { ownedPartitions: owned('t0'), generationId: 3 });
    const fresh = member('b', ['t'], { ownedPartitions: owned('t0'), generationId: 4 });
    expect(divided(cooperativeStickyAssignor, [stale, fresh], { t: 2 })).toEqual({ a: 't1', b: 't0' });
    const rival = { ...stale, generationId: 4 };
    expect(divided(cooperativeStickyAssignor, [rival, fresh], { t: 2 })).toEqual(
      expect.not.objectContaining({ b: expect.stringContaining('t0') }),
    );
  });

  it('reads the generation from user data of members that have no other place for it', () => {
    const userData = Buffer.from('00000007', 'hex');
    const old = member('a', ['t'], { ownedPartitions: owned('t0'), userData });
    const newer = member('b', ['t'], { ownedPartitions: owned('t0'), generationId: 6 });
    expect(divided(cooperativeStickyAssignor, [old, newer], { t: 2 })['a']).toBe('t0');
  });
});

describe('both sticky assignors', () => {
  it('keep an uneven subscription as even as it can be', () => {
    const members = [member('a', ['t', 'u']), member('b', ['t']), member('c', ['u'])];
    const assigned = divided(cooperativeStickyAssignor, members, { t: 2, u: 4 });
    const sizes = Object.values(assigned).map((list) => list.split(' ').length);
    expect(sizes.toSorted()).toEqual([2, 2, 2]);
  });

  it('keep the invariants in random groups', () => {
    let seed = 20_261_121;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return Math.floor((seed / 0x80000000) * below);
    };
    for (let round = 0; round < 200; round++) {
      const counts = { t: 1 + random(9), u: random(9), v: random(5) };
      const equal = random(2) === 0;
      const all = Object.entries(counts).flatMap(([topic, count]) =>
        Array.from({ length: count }, (_, partition) => ({ topic, partition })),
      );
      const free = [...all];
      const members = Array.from({ length: 1 + random(5) }, (_, index) => {
        const topics = equal ? ['t', 'u', 'v'] : ['t', ...['u', 'v'].filter(() => random(2) === 0)];
        const ownedPartitions = free.splice(0, random(free.length + 1)).filter(({ topic }) => topics.includes(topic));
        return member(`m${index}`, topics, { ownedPartitions, generationId: 1 });
      });
      const once = cooperativeStickyAssignor.assign(members, new Map(Object.entries(counts)));
      const settled = members.map((one) => ({ ...one, ownedPartitions: once.get(one.memberId)!.partitions }));
      const twice = cooperativeStickyAssignor.assign(settled, new Map(Object.entries(counts)));
      const given = [...twice.values()].flatMap(({ partitions }) => partitions);
      const wanted = all.filter(({ topic }) => members.some(({ topics }) => topics.includes(topic)));
      expect(text(given)).toBe(text(wanted));
      for (const one of settled) {
        const partitions = twice.get(one.memberId)!.partitions;
        expect(partitions.every(({ topic }) => one.topics.includes(topic))).toBe(true);
        // Nothing that was kept in the first round goes in the second.
        for (const kept of one.ownedPartitions) expect(partitions).toContainEqual(kept);
      }
      const sizes = [...twice.values()].map(({ partitions }) => partitions.length);
      if (equal) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });
});
