import { setTimeout as sleep } from 'node:timers/promises';
import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { isMillraceError, MillraceError } from '../../errors.ts';
import { ErrorCode, kafkaError } from '../../protocol/index.ts';
import type { TopicPartition } from '../transport.ts';

const RETRY_MS = 50;

export interface PartitionResult<R> extends TopicPartition {
  readonly errorCode: number;
  readonly result: R;
}

/**
 * Asks the leaders of partitions, all at once, and asks again for those whose leader has moved or is not there yet, until
 * `timeoutMs` have passed. Rejects with the first error that does not pass.
 */
export async function askLeaders<R>(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  action: string,
  timeoutMs: number,
  ask: (node: number, partitions: readonly TopicPartition[]) => Promise<readonly PartitionResult<R>[]>,
): Promise<(TopicPartition & { readonly result: R })[]> {
  const deadlineMs = performance.now() + timeoutMs;
  const done: (TopicPartition & { readonly result: R })[] = [];
  let left = partitions;
  for (;;) {
    const nodes = await byLeader(client, left, timeoutMs);
    const again: TopicPartition[] = [];
    let last: MillraceError | undefined;
    await Promise.all(
      [...nodes].map(async ([node, list]) => {
        try {
          for (const { topic, partition, errorCode, result } of await ask(node, list)) {
            if (errorCode === ErrorCode.NONE) {
              done.push({ topic, partition, result });
              continue;
            }
            last = kafkaFailure(errorCode, `${action} of ${topic}-${partition}`, { context: { topic, partition } });
            if (!kafkaError(errorCode).retriable) throw last;
            again.push({ topic, partition });
          }
        } catch (error) {
          if (!isMillraceError(error) || !error.retriable) throw error;
          last = error;
          again.push(...list);
        }
      }),
    );
    if (again.length === 0) return done;
    if (performance.now() >= deadlineMs) throw last ?? new MillraceError('TIMEOUT', `${action}: not done within ${timeoutMs} ms.`);
    for (const { topic } of again) client.invalidate(topic);
    left = again;
    await sleep(RETRY_MS);
  }
}

async function byLeader(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  timeoutMs: number,
): Promise<Map<number, TopicPartition[]>> {
  const nodes = new Map<number, TopicPartition[]>();
  const leaders = await Promise.all(partitions.map(({ topic, partition }) => client.leaderOf(topic, partition, { timeoutMs })));
  for (const [index, { node }] of leaders.entries()) {
    const list = nodes.get(node.id);
    if (list === undefined) nodes.set(node.id, [partitions[index]!]);
    else list.push(partitions[index]!);
  }
  return nodes;
}
