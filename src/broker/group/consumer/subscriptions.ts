/** What the members of a group are subscribed to, taken together. */

import type { ResolvedRegex } from './events.ts';
import type { ConsumerMember } from './member.ts';

/** How often a topic is asked for. */
interface TopicCount {
  /** Members that name it. */
  byName: number;
  /** Regular expressions of the group that match it. */
  byRegex: number;
}

export class Subscriptions {
  readonly #topics = new Map<string, TopicCount>();
  /** Regular expression → members that use it. */
  readonly regexes: ReadonlyMap<string, number>;
  readonly #members: number;

  constructor(members: ReadonlyMap<string, ConsumerMember>, resolved: ReadonlyMap<string, ResolvedRegex>) {
    const regexes = new Map<string, number>();
    for (const { topicNames, topicRegex } of members.values()) {
      for (const name of topicNames) this.#count(name).byName++;
      if (topicRegex !== '') regexes.set(topicRegex, (regexes.get(topicRegex) ?? 0) + 1);
    }
    for (const { topics } of resolved.values()) for (const name of topics) this.#count(name).byRegex++;
    this.regexes = regexes;
    this.#members = members.size;
  }

  has(topic: string): boolean {
    return this.#topics.has(topic);
  }

  topics(): Iterable<string> {
    return this.#topics.keys();
  }

  /**
   * Whether all members are subscribed to the same topics, as Kafka sees it (`ConsumerGroup.subscriptionType`): by the
   * same names, or all by one regular expression and nothing else.
   */
  get homogeneous(): boolean {
    const counts = [...this.#topics.values()];
    if (this.regexes.size === 0) return counts.every(({ byName }) => byName === this.#members);
    const [first] = this.regexes.values();
    return first === this.#members && counts.every(({ byName, byRegex }) => byRegex === 1 && byName === 0);
  }

  #count(name: string): TopicCount {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const count = { byName: 0, byRegex: 0 };
    this.#topics.set(name, count);
    return count;
  }
}
