/** What only the leader of a group does: dividing the partitions, and noticing when topics change. */
import { ErrorCode } from '../../protocol/index.ts';
import type { KafkaClient } from '../client.ts';
import type { JoinResponse } from './coordinator-calls.ts';
import { decodeSubscription, encodeAssignment } from './subscription.ts';
import type { Assignor, PartitionCounts } from './types.ts';

/** While a topic that somebody wants is not there, it is looked for this often. */
const MISSING_TOPIC_CHECK_MS = 5_000;

export interface Division {
  readonly assignments: { readonly memberId: string; readonly assignment: Uint8Array }[];
  /** What it was made from: when that changes, the group has to join again. */
  readonly counts: PartitionCounts;
  readonly topics: readonly string[];
}

/** Divides the partitions of all topics that any member wants. */
export async function divide(
  client: KafkaClient,
  assignor: Assignor,
  joined: JoinResponse,
  allowAutoTopicCreation: boolean,
): Promise<Division> {
  const members = joined.members.map(({ memberId, groupInstanceId, metadata }) => decodeSubscription(memberId, groupInstanceId, metadata));
  const topics = [...new Set(members.flatMap((member) => member.topics))];
  const counts = await countPartitions(client, topics, allowAutoTopicCreation);
  const assigned = assignor.assign(members, counts);
  const assignments = members.map(({ memberId }) => ({
    memberId,
    assignment: encodeAssignment(assigned.get(memberId) ?? { partitions: [] }),
  }));
  return { assignments, counts, topics };
}

async function countPartitions(
  client: KafkaClient,
  topics: readonly string[],
  allowAutoTopicCreation: boolean,
): Promise<Map<string, number>> {
  const metadata = await client.metadata(topics, { allowAutoTopicCreation });
  return new Map(
    metadata.topics
      .filter(({ errorCode, partitions }) => errorCode === ErrorCode.NONE && partitions.length > 0)
      .map(({ name, partitions }) => [name, partitions.length]),
  );
}

/** Looks at intervals whether the topics still have as many partitions as when they were divided. */
export class TopicWatch {
  readonly #client: KafkaClient;
  readonly #onChange: (topic: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #round = 0;

  constructor(client: KafkaClient, onChange: (topic: string) => void) {
    this.#client = client;
    this.#onChange = onChange;
  }

  start(division: Pick<Division, 'topics' | 'counts'>): void {
    this.stop();
    this.#schedule(this.#round, division);
  }

  stop(): void {
    this.#round++;
    clearTimeout(this.#timer);
  }

  #schedule(round: number, division: Pick<Division, 'topics' | 'counts'>): void {
    const missing = division.topics.some((topic) => !division.counts.has(topic));
    const intervalMs = missing ? MISSING_TOPIC_CHECK_MS : this.#client.options.metadataMaxAgeMs;
    this.#timer = setTimeout(() => void this.#look(round, division), intervalMs);
  }

  async #look(round: number, division: Pick<Division, 'topics' | 'counts'>): Promise<void> {
    let changed: string | undefined;
    try {
      const counts = await countPartitions(this.#client, division.topics, false);
      changed = division.topics.find((topic) => counts.get(topic) !== division.counts.get(topic));
    } catch (error) {
      this.#client.options.onLog(
        'debug',
        `Looking for changes of subscribed topics: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    if (round !== this.#round) return;
    if (changed === undefined) this.#schedule(round, division);
    else this.#onChange(changed);
  }
}
