/** The broker's topics as consumer groups see them. */

import { createHash } from 'node:crypto';
import type { TopicRegistryApi, TopicState } from '../../seams.ts';
import { type TopicKey, topicIdOf, topicKey } from './assignment.ts';

/** The hash is kept as a number, so it has no more bits than one can hold. */
const HASH_BYTES = 6;

export class TopicView {
  readonly #registry: TopicRegistryApi;
  /** Raised whenever a topic is made. */
  #version = 0;

  constructor(registry: TopicRegistryApi) {
    this.#registry = registry;
  }

  get version(): number {
    return this.#version;
  }

  noteCreation(): void {
    this.#version++;
  }

  names(): string[] {
    return [...this.#registry.all()].map(({ name }) => name);
  }

  /** Those of the topics that exist. */
  keysOf(names: Iterable<string>): Set<TopicKey> {
    const keys = new Set<TopicKey>();
    for (const name of names) {
      const topic = this.#registry.get(name);
      if (topic !== undefined) keys.add(topicKey(topic.id));
    }
    return keys;
  }

  keyOf(name: string): TopicKey | undefined {
    const topic = this.#registry.get(name);
    return topic === undefined ? undefined : topicKey(topic.id);
  }

  /** Undefined when the topic was deleted. */
  nameOf(key: TopicKey): string | undefined {
    return this.#byKey(key)?.name;
  }

  partitionCount(key: TopicKey): number {
    return this.#byKey(key)?.partitions.length ?? 0;
  }

  /**
   * Stands for these topics as they are now: other ids or numbers of partitions give another number. 0 for none. Kafka
   * hashes the same facts in another way; a group that comes from there gets one assignment more.
   */
  hash(names: Iterable<string>): number {
    const facts: string[] = [];
    for (const name of [...names].sort()) {
      const topic = this.#registry.get(name);
      if (topic !== undefined) facts.push(`${topicKey(topic.id)} ${topic.partitions.length} ${name}`);
    }
    if (facts.length === 0) return 0;
    return createHash('sha256').update(facts.join('\n')).digest().readUIntBE(0, HASH_BYTES);
  }

  #byKey(key: TopicKey): TopicState | undefined {
    return this.#registry.getById(topicIdOf(key));
  }
}
