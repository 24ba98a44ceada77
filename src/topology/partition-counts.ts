import { MillraceError } from '../errors.ts';
import type { Plan, SubTopology, TopicRef } from './nodes.ts';
import { resolveTopic, sourceTopicNames } from './topic-names.ts';

/**
 * Partition counts of all topics an application reads, its repartition topics included. A repartition topic has the count
 * enforced by `repartition({ partitions })`, else that of the topics it is joined with, else the most partitions of any
 * topic upstream of it; chains of repartition topics are resolved step by step.
 *
 * @param known partition counts of the user's topics, by name.
 * @throws MISSING_TOPIC, PARTITION_MISMATCH
 */
export function partitionCounts(plan: Plan, applicationId: string, known: ReadonlyMap<string, number>): Map<string, number> {
  const counts = userTopics(plan, known);
  const enforced = new Set<string>();
  for (const { name, partitions } of plan.repartitionTopics) {
    if (partitions === undefined) continue;
    const topic = resolveTopic({ name, internal: true }, applicationId);
    counts.set(topic, partitions);
    enforced.add(topic);
  }
  deriveFromUpstream(plan, applicationId, counts);
  for (const { copartitionGroups } of plan.subTopologies) {
    for (const group of copartitionGroups) equalise(group, applicationId, counts, enforced);
  }
  return counts;
}

function userTopics(plan: Plan, known: ReadonlyMap<string, number>): Map<string, number> {
  const sources = [...plan.subTopologies.flatMap((subTopology) => subTopology.sources), ...plan.globalStores.map(({ source }) => source)];
  const counts = new Map<string, number>();
  const missing = new Set<string>();
  for (const { name, internal } of sources.flatMap((source) => source.topics)) {
    if (internal) continue;
    const partitions = known.get(name);
    if (partitions === undefined || partitions <= 0) missing.add(name);
    else counts.set(name, partitions);
  }
  if (missing.size === 0) return counts;
  const names = [...missing].sort();
  throw new MillraceError(
    'MISSING_TOPIC',
    `Source topic${names.length > 1 ? 's' : ''} ${names.map((name) => `"${name}"`).join(', ')} not found: create ${names.length > 1 ? 'them' : 'it'} before starting.`,
    {
      context: { topic: names.join(',') },
    },
  );
}

/** Fixpoint over chains: a topic is settled once all topics upstream of it are, or when nothing else moves (a cycle). */
function deriveFromUpstream(plan: Plan, applicationId: string, counts: Map<string, number>): void {
  let open = plan.repartitionTopics
    .map(({ name }) => resolveTopic({ name, internal: true }, applicationId))
    .filter((topic) => !counts.has(topic));
  let partialAllowed = false;
  while (open.length > 0) {
    const settled = new Set<string>();
    for (const topic of open) {
      const upstream = upstreamTopics(plan, applicationId, topic);
      const complete = upstream.every((name) => counts.has(name));
      const partitions = Math.max(0, ...upstream.map((name) => counts.get(name) ?? 0));
      if (partitions === 0 || !(complete || partialAllowed)) continue;
      counts.set(topic, partitions);
      settled.add(topic);
    }
    if (settled.size === 0 && partialAllowed) throw unresolvable(open);
    partialAllowed = settled.size === 0;
    open = open.filter((topic) => !settled.has(topic));
  }
}

function upstreamTopics(plan: Plan, applicationId: string, topic: string): string[] {
  return plan.subTopologies
    .filter((subTopology) => writes(subTopology, applicationId, topic))
    .flatMap((subTopology) => sourceTopicNames(subTopology, applicationId));
}

function writes(subTopology: SubTopology, applicationId: string, topic: string): boolean {
  return subTopology.sinks.some((sink) => typeof sink.topic !== 'function' && resolveTopic(sink.topic, applicationId) === topic);
}

function unresolvable(topics: readonly string[]): MillraceError {
  return new MillraceError(
    'INVALID_TOPOLOGY',
    `Cannot tell how many partitions ${topics.map((topic) => `"${topic}"`).join(', ')} should have: nothing with a known count is written to it. Set { partitions } on repartition().`,
    {
      fatal: true,
      context: { topic: topics.join(',') },
    },
  );
}

/** Topics that are joined must have one count. Repartition topics whose count is not enforced follow the others. */
function equalise(group: readonly TopicRef[], applicationId: string, counts: Map<string, number>, enforced: ReadonlySet<string>): void {
  const topics = group.map((ref) => ({ name: resolveTopic(ref, applicationId), internal: ref.internal }));
  const countOf = (name: string): number => counts.get(name) ?? 0;
  const fixed = topics.filter(({ name, internal }) => !internal || enforced.has(name)).map(({ name }) => name);
  const wanted = fixed[0] === undefined ? Math.max(0, ...topics.map(({ name }) => countOf(name))) : countOf(fixed[0]);
  if (fixed.some((name) => countOf(name) !== wanted)) throw mismatch(fixed, countOf);
  for (const { name } of topics) counts.set(name, wanted);
}

function mismatch(topics: readonly string[], countOf: (name: string) => number): MillraceError {
  const list = [...topics].sort().map((name) => `"${name}" has ${countOf(name)}`);
  return new MillraceError(
    'PARTITION_MISMATCH',
    `Topics that are joined must have equally many partitions, but ${list.join(', ')}. Create them with the same count, or call repartition() on one side first.`,
    { fatal: true, context: Object.fromEntries(topics.map((name) => [name, countOf(name)])) },
  );
}
