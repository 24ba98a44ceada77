import { setTimeout as sleep } from 'node:timers/promises';
import {
  ClassicGroupMember,
  cooperativeStickyAssignor,
  fetchOffsets,
  type GroupMemberOptions,
  rangeAssignor,
  roundRobinAssignor,
} from '../../client/group/index.ts';
import type { KafkaClient } from '../../client/index.ts';
import { partitionKey, type TopicPartition } from '../../client/topic-partition.ts';
import { isMillraceError, MillraceError } from '../../errors.ts';
import type { ConsumePlan } from '../consume-settings.ts';
import { note } from '../output.ts';
import type { Consumption } from './consumption.ts';
import { type PartitionOffset, resolveOffsets } from './start-offsets.ts';

/** Kafka's `auto.commit.interval.ms`. */
const COMMIT_INTERVAL_MS = 5_000;
/** Nobody waits longer for a coordinator that does not answer; what was not committed is read again. */
const COMMIT_TIMEOUT_MS = 5_000;
const LEAVE_TIMEOUT_MS = 5_000;

/** So that it finds one in common with members of any client. */
const ASSIGNORS = [rangeAssignor, roundRobinAssignor, cooperativeStickyAssignor];

/**
 * Reads the partitions that a group gives this member, from where the group stopped. Commits what is on stdout: every five
 * seconds, before partitions are given up, and at the end.
 */
export async function consumeAsMember(
  client: KafkaClient,
  plan: ConsumePlan,
  consumption: Consumption,
  options: Omit<GroupMemberOptions, 'listener' | 'onError' | 'assignors'>,
): Promise<void> {
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  const commits = new Commits(consumption, plan.commit);
  const member = new ClassicGroupMember(client, {
    ...options,
    assignors: ASSIGNORS,
    onError: fail,
    listener: {
      onAssigned: async (partitions) => consumption.add(await startOffsets(client, options.groupId, plan, partitions)),
      onRevoked: (partitions) => consumption.remove(partitions, () => commits.commit(member)),
      onLost: (partitions) => consumption.remove(partitions),
    },
  });
  member.start();
  const timer = setInterval(() => void commits.commit(member), COMMIT_INTERVAL_MS);
  try {
    await Promise.race([consumption.run(), failed]);
  } finally {
    clearInterval(timer);
    consumption.stop();
    await commits.commit(member);
    await Promise.race([member.close(), sleep(LEAVE_TIMEOUT_MS, undefined, { ref: false })]);
  }
}

/** The group's committed offsets; where it has none, what the plan says of the beginning. */
async function startOffsets(
  client: KafkaClient,
  groupId: string,
  plan: ConsumePlan,
  partitions: readonly TopicPartition[],
): Promise<PartitionOffset[]> {
  const { autoOffsetReset, readCommitted } = plan.fetching;
  const committed = await fetchOffsets(client, groupId, partitions, { requireStable: readCommitted });
  const without = committed.filter(({ offset }) => offset < 0);
  if (without.length > 0 && autoOffsetReset === 'none') {
    const [{ topic, partition } = { topic: '', partition: 0 }] = without;
    throw new MillraceError(
      'KAFKA_ERROR',
      `Group ${groupId} has no offset for ${topic}-${partition}, and auto.offset.reset is none. Set one with millrace groups reset-offsets, or use earliest or latest.`,
      { context: { groupId, topic, partition } },
    );
  }
  const resolved = without.length === 0 ? [] : await resolveOffsets(client, without, plan.start, readCommitted);
  return [...committed.filter(({ offset }) => offset >= 0), ...resolved];
}

/** Commits what has moved since the last time, one commit after the other. */
class Commits {
  readonly #consumption: Consumption;
  readonly #enabled: boolean;
  readonly #committed = new Map<string, number>();
  #running: Promise<void> = Promise.resolve();

  constructor(consumption: Consumption, enabled: boolean) {
    this.#consumption = consumption;
    this.#enabled = enabled;
  }

  /** Never rejects: what could not be committed is read again, and that is told. */
  commit(member: ClassicGroupMember): Promise<void> {
    this.#running = this.#running.then(() => this.#commit(member));
    return this.#running;
  }

  async #commit(member: ClassicGroupMember): Promise<void> {
    const moved = this.#consumption.delivered().filter((each) => this.#committed.get(partitionKey(each)) !== each.offset);
    if (!this.#enabled || moved.length === 0) return;
    try {
      await member.commit(moved, { timeoutMs: COMMIT_TIMEOUT_MS });
      for (const each of moved) this.#committed.set(partitionKey(each), each.offset);
    } catch (error) {
      if (!isMillraceError(error)) throw error;
      // A group that has moved on gives these records to another member.
      if (error.code !== 'TASK_MIGRATED') note(`Offsets were not committed: ${error.message}`);
    }
  }
}
