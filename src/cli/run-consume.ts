import type { KafkaClient } from '../client/index.ts';
import { MillraceError } from '../errors.ts';
import { whenPipeBreaks } from './broken-pipe.ts';
import type { ConsumeOptions } from './commands/consume.ts';
import { type Settings, withClient } from './connect-options.ts';
import { type ConsumePlan, consumePlan, outputOptions } from './consume-settings.ts';
import { note } from './output.ts';
import { parsePartitions } from './partitions.ts';
import { counted, Progress } from './progress.ts';
import { Consumption } from './records/consumption.ts';
import { consumeAsMember } from './records/group-consumption.ts';
import { recordOutput } from './records/record-output.ts';
import { resolveOffsets } from './records/start-offsets.ts';
import { waitForTopic } from './records/wait-for-topic.ts';
import { numberSetting } from './settings.ts';
import { StopSignal } from './stop-signal.ts';

/** Reads topics to stdout, alone or as a member of a group. */
export async function runConsume(topics: readonly string[], options: ConsumeOptions): Promise<void> {
  const stop = new StopSignal();
  whenPipeBreaks(() => stop.request());
  try {
    await withClient(options, (client, settings) => consume(client, topics, options, settings, stop));
  } finally {
    stop.release();
  }
}

async function consume(
  client: KafkaClient,
  asked: readonly string[],
  options: ConsumeOptions,
  settings: Settings,
  { signal }: StopSignal,
): Promise<void> {
  const plan = consumePlan(options, settings);
  const topics = [...asked, ...(options.include === undefined ? [] : await matching(client, options.include))];
  const consumption = new Consumption(client, {
    plan,
    write: recordOutput(outputOptions(options)),
    skipErrors: options.skipErrors === true,
    signal,
  });
  const progress = new Progress(() => `${counted(consumption.records, 'record')} read`);
  try {
    if (plan.groupId === undefined) {
      await consumption.add(await starts(client, topics, options, plan));
      await consumption.run();
    } else {
      for (const topic of topics) await waitForTopic(client, topic, false);
      await consumeAsMember(client, plan, consumption, memberOptions(plan.groupId, topics, options, settings));
    }
  } finally {
    progress.stop();
  }
  if (options.quiet === true) return;
  if (consumption.idle) note(`No record came for ${plan.idleMs} ms; ${counted(consumption.records, 'record')} read.`);
  else if (process.stderr.isTTY) note(`${counted(consumption.records, 'record')} read.`);
}

async function starts(client: KafkaClient, topics: readonly string[], { partition: chosen }: ConsumeOptions, plan: ConsumePlan) {
  const partitions = [];
  for (const topic of topics) {
    const info = await waitForTopic(client, topic, false);
    const all = info.partitions.map(({ partition }) => partition);
    const wanted = chosen === undefined ? all : parsePartitions(chosen);
    const missing = wanted.find((partition) => !all.includes(partition));
    if (missing !== undefined)
      throw new MillraceError('MISSING_TOPIC', `Topic ${topic} has ${all.length} partitions, so none has number ${missing}.`);
    partitions.push(...wanted.map((partition) => ({ topic, partition })));
  }
  return resolveOffsets(client, partitions, plan.start, plan.fetching.readCommitted);
}

function memberOptions(groupId: string, topics: readonly string[], { groupInstanceId }: ConsumeOptions, settings: Settings) {
  const instanceId = groupInstanceId ?? settings['group.instance.id'];
  const sessionTimeoutMs = numberSetting(settings, 'session.timeout.ms');
  const heartbeatIntervalMs = numberSetting(settings, 'heartbeat.interval.ms');
  const rebalanceTimeoutMs = numberSetting(settings, 'max.poll.interval.ms');
  return {
    groupId,
    topics,
    ...(instanceId !== undefined && { groupInstanceId: instanceId }),
    ...(sessionTimeoutMs !== undefined && { sessionTimeoutMs }),
    ...(heartbeatIntervalMs !== undefined && { heartbeatIntervalMs }),
    ...(rebalanceTimeoutMs !== undefined && { rebalanceTimeoutMs }),
  };
}

/** The topics that are there now and whose whole name matches, Kafka's own left out. */
async function matching(client: KafkaClient, pattern: string): Promise<string[]> {
  let regex: RegExp;
  try {
    regex = new RegExp(`^(?:${pattern})$`);
  } catch (cause) {
    throw new MillraceError('INVALID_CONFIG', `--include ${pattern} is no regular expression: ${(cause as Error).message}.`, { cause });
  }
  const { topics } = await client.metadata();
  const names = topics.filter(({ name, isInternal }) => !isInternal && regex.test(name)).map(({ name }) => name);
  if (names.length === 0) throw new MillraceError('MISSING_TOPIC', `No topic matches --include ${pattern}.`);
  return names.sort();
}
