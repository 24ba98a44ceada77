/** Which partitions somebody has: the form in which the parts of a consumer group pass them on. */

/** A topic's id as 32 hexadecimal digits: the 16 bytes in a form that maps can be keyed by. */
export type TopicKey = string;

/** Topic → partitions. No topic without partitions is in it. */
export type Assignment = ReadonlyMap<TopicKey, ReadonlySet<number>>;

/** Topic → partition → member epoch at which the member got it. No topic without partitions is in it. */
export type EpochAssignment = ReadonlyMap<TopicKey, ReadonlyMap<number, number>>;

/** What a message carries for one topic. */
export interface WirePartitions {
  readonly topicId: Uint8Array;
  readonly partitions: readonly number[];
}

export const NO_PARTITIONS: Assignment = new Map();
export const NO_EPOCHS: EpochAssignment = new Map();

const EMPTY_SET: ReadonlySet<number> = new Set();
const EMPTY_MAP: ReadonlyMap<number, number> = new Map();

export function topicKey(id: Uint8Array): TopicKey {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
}

export function topicIdOf(key: TopicKey): Buffer {
  return Buffer.from(key, 'hex');
}

/** Kafka's order of topic ids: as two signed 64-bit numbers, the high one first (`Uuid.compareTo`). */
export function compareTopicKeys(a: TopicKey, b: TopicKey): number {
  return compareSigned(a.slice(0, 16), b.slice(0, 16)) || compareSigned(a.slice(16), b.slice(16));
}

function compareSigned(a: string, b: string): number {
  if (a === b) return 0;
  const negative = a[0]! >= '8';
  if (negative !== b[0]! >= '8') return negative ? -1 : 1;
  return a < b ? -1 : 1;
}

export function partitionsOf(assignment: Assignment, topic: TopicKey): ReadonlySet<number> {
  return assignment.get(topic) ?? EMPTY_SET;
}

export function epochsOf(assignment: EpochAssignment, topic: TopicKey): ReadonlyMap<number, number> {
  return assignment.get(topic) ?? EMPTY_MAP;
}

/** Topics that are named twice are put together; those without partitions are left out. */
export function assignmentFromWire(topics: readonly WirePartitions[]): Assignment {
  const assignment = new Map<TopicKey, Set<number>>();
  for (const { topicId, partitions } of topics) {
    if (partitions.length === 0) continue;
    const key = topicKey(topicId);
    const known = assignment.get(key);
    if (known === undefined) assignment.set(key, new Set(partitions));
    else for (const partition of partitions) known.add(partition);
  }
  return assignment;
}

/** In order of topic and partition, so that equal assignments are equal bytes. */
export function assignmentToWire(assignment: Assignment | EpochAssignment): { topicId: Buffer; partitions: number[] }[] {
  return sortedTopics(assignment).map((topic) => ({ topicId: topicIdOf(topic), partitions: sortedKeys(assignment.get(topic)!) }));
}

export function sortedTopics(assignment: ReadonlyMap<TopicKey, unknown>): TopicKey[] {
  return [...assignment.keys()].sort(compareTopicKeys);
}

export function sortedKeys(partitions: ReadonlySet<number> | ReadonlyMap<number, number>): number[] {
  return [...partitions.keys()].sort((a, b) => a - b);
}

export function withEpoch(assignment: Assignment, epoch: number): EpochAssignment {
  const result = new Map<TopicKey, Map<number, number>>();
  for (const [topic, partitions] of assignment) result.set(topic, new Map([...partitions].map((partition) => [partition, epoch])));
  return result;
}

export function withoutEpochs(assignment: EpochAssignment): Assignment {
  const result = new Map<TopicKey, Set<number>>();
  for (const [topic, partitions] of assignment) result.set(topic, new Set(partitions.keys()));
  return result;
}

export function sameAssignment(a: Assignment, b: Assignment): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topic, partitions] of a) {
    const others = b.get(topic);
    if (others === undefined || others.size !== partitions.size) return false;
    for (const partition of partitions) if (!others.has(partition)) return false;
  }
  return true;
}

/** Same partitions with the same epochs. */
export function sameEpochs(a: EpochAssignment, b: EpochAssignment): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [topic, partitions] of a) {
    const others = b.get(topic);
    if (others === undefined || others.size !== partitions.size) return false;
    for (const [partition, epoch] of partitions) if (others.get(partition) !== epoch) return false;
  }
  return true;
}

/** Whether every partition of `part` is in `whole`. */
export function isSubset(part: Assignment, whole: EpochAssignment): boolean {
  for (const [topic, partitions] of part) {
    const owned = epochsOf(whole, topic);
    for (const partition of partitions) if (!owned.has(partition)) return false;
  }
  return true;
}

/** Whether they have a partition in common. */
export function overlaps(a: Assignment, b: EpochAssignment): boolean {
  for (const [topic, partitions] of a) {
    const others = epochsOf(b, topic);
    if (others.size === 0) continue;
    for (const partition of partitions) if (others.has(partition)) return true;
  }
  return false;
}
