import { MillraceError } from '../errors.ts';
import type { StartTopic } from './options.ts';
import type { TopicRegistry } from './topics.ts';

/** Makes those of the topics that are not there. Throws INVALID_CONFIG naming the one that cannot be. */
export async function createStartTopics(topics: TopicRegistry, wanted: readonly StartTopic[]): Promise<void> {
  for (const { name, partitions = -1, replicationFactor = -1, config = {} } of wanted) {
    if (topics.get(name) !== undefined) continue;
    try {
      await topics.create({ name, partitions, replicationFactor, config });
    } catch (cause) {
      throw new MillraceError('INVALID_CONFIG', `Topic "${name}" cannot be made: ${(cause as Error).message}`, {
        cause,
        fatal: true,
        context: { topic: name },
      });
    }
  }
}
