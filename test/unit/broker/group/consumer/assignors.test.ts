import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Assignment } from '../../../../../src/broker/group/consumer/assignment.ts';
import { rangeAssignor } from '../../../../../src/broker/group/consumer/assignors/range.ts';
import type { AssignorResult } from '../../../../../src/broker/group/consumer/assignors/types.ts';
import { uniformAssignor } from '../../../../../src/broker/group/consumer/assignors/uniform.ts';

/** Topic number → partitions. */
type Partitions = Readonly<Record<string, readonly number[]>>;

interface Case {
  readonly assignor: 'range' | 'uniform';
  readonly homogeneous: boolean;
  readonly topics: Readonly<Record<string, number>>;
  readonly members: readonly {
    readonly id: string;
    readonly instance: string | null;
    readonly topics: readonly string[];
    readonly owned: Partitions;
  }[];
  /** By member. */
  readonly result: Readonly<Record<string, Partitions>>;
}

/** Seeded random groups with what Kafka's own classes made of them: see `test/java/assignors`. */
const cases = JSON.parse(readFileSync(new URL('assignor-cases.json', import.meta.url), 'utf8')) as Case[];

const keyOf = (topic: string): string => Number(topic).toString(16).padStart(32, '0');

function assignmentOf(partitions: Partitions): Assignment {
  return new Map(Object.entries(partitions).map(([topic, numbers]) => [keyOf(topic), new Set(numbers)]));
}

function run({ assignor, homogeneous, topics, members }: Case): AssignorResult {
  const counts = new Map(Object.entries(topics).map(([topic, count]) => [keyOf(topic), count]));
  return (assignor === 'range' ? rangeAssignor : uniformAssignor).assign({
    homogeneous,
    members: members.map(({ id, instance, topics: names, owned }) => ({
      memberId: id,
      instanceId: instance,
      topics: new Set(names.map(keyOf)),
      assignment: assignmentOf(owned),
    })),
    partitionCount: (topic) => counts.get(topic)!,
  });
}

function readable(result: AssignorResult, { members }: Case): Record<string, Record<string, number[]>> {
  return Object.fromEntries(
    members.map(({ id }) => {
      const topics = [...(result.get(id) ?? [])].map(([topic, partitions]) => [
        Number.parseInt(topic, 16),
        [...partitions].sort((a, b) => a - b),
      ]);
      return [id, Object.fromEntries(topics) as Record<string, number[]>];
    }),
  );
}

const titled = cases.map(
  (one, index) =>
    [`${one.assignor}, ${one.homogeneous ? 'same' : 'different'} topics, ${one.members.length} members, case ${index}`, one] as const,
);

describe('server-side assignors assign what Kafka 4.3 assigns', () => {
  it('has cases of every kind', () => {
    const kinds = new Set(cases.map(({ assignor, homogeneous }) => `${assignor} ${homogeneous}`));
    expect(kinds).toEqual(new Set(['range true', 'range false', 'uniform true', 'uniform false']));
  });

  it.each(titled)('%s', (_, one) => {
    expect(readable(run(one), one)).toEqual(one.result);
  });
});

describe('uniform', () => {
  const members = (count: number, topics: readonly string[]) =>
    Array.from({ length: count }, (_, index) => ({ id: `m${index}`, instance: null, topics, owned: {} }));

  it('gives nobody more than one partition above anybody else, and keeps what fits', () => {
    const first: Case = { assignor: 'uniform', homogeneous: true, topics: { 1: 7, 2: 5 }, members: members(3, ['1', '2']), result: {} };
    const before = readable(run(first), first);
    expect(Object.values(before).map((topics) => Object.values(topics).flat().length)).toEqual([4, 4, 4]);
    const joined = [
      ...first.members.map((member) => ({ ...member, owned: before[member.id]! })),
      { id: 'm9', instance: null, topics: ['1', '2'], owned: {} },
    ];
    const second: Case = { ...first, members: joined };
    const after = readable(run(second), second);
    expect(Object.values(after).map((topics) => Object.values(topics).flat().length)).toEqual([3, 3, 3, 3]);
    for (const id of ['m0', 'm1', 'm2']) {
      const kept = Object.entries(after[id]!).flatMap(([topic, partitions]) =>
        partitions.filter((partition) => before[id]![topic]?.includes(partition)),
      );
      expect(kept).toHaveLength(3);
    }
  });

  it('has nothing to give without topics', () => {
    const none: Case = { assignor: 'uniform', homogeneous: true, topics: {}, members: members(2, []), result: {} };
    expect(run(none).size).toBe(0);
    expect(run({ ...none, homogeneous: false }).size).toBe(0);
  });
});
