import type { BatchFormat, BatchMemory } from '../protocol/index.ts';
import type { OutputFrame } from '../shard/messages.ts';
import type { ChangelogWriter } from '../state/index.ts';
import type { TaskCounters } from './services.ts';
import { TopicOutput } from './topic-output.ts';

/** What a collector needs to know of its task. */
export interface OutputOptions {
  readonly taskId: string;
  /** Decides where records without a key begin, so that tasks spread over the partitions. */
  readonly taskPartition: number;
  readonly topicPartitions: (topic: string) => number | undefined;
  readonly maxRequestBytes: number;
  readonly format: BatchFormat;
  /** For finished batches; undefined: each has memory of its own. */
  readonly memory: BatchMemory | undefined;
  readonly counters: TaskCounters;
}

/** Everything a task writes, as record batches by topic and partition. */
export class OutputCollector {
  readonly options: OutputOptions;
  /** Bytes not handed over yet. */
  bytes = 0;
  private readonly topics = new Map<string, TopicOutput>();

  constructor(options: OutputOptions) {
    this.options = options;
  }

  topic(name: string): TopicOutput {
    const known = this.topics.get(name);
    if (known !== undefined) return known;
    const output = new TopicOutput(name, this);
    this.topics.set(name, output);
    return output;
  }

  /** Hands over what there is; within a partition frames keep the order of records. */
  takeFrames(generation: number): OutputFrame[] {
    const frames: OutputFrame[] = [];
    for (const output of this.topics.values()) {
      output.drain((partition, batch) => {
        frames.push({ taskId: this.options.taskId, generation, topic: output.name, partition, ...batch });
      });
    }
    this.bytes = 0;
    return frames;
  }

  /** Forgets what was not handed over. */
  clear(): void {
    for (const output of this.topics.values()) output.drain(() => {});
    this.bytes = 0;
  }

  /** Changelog records of one partition. */
  changelogWriter(topic: string, partition: number): ChangelogWriter {
    const output = this.topic(topic);
    return {
      appendWith: (timestamp, keySerde, key, valueSerde, value) =>
        output.append(partition, timestamp, keySerde, key, valueSerde, value, undefined),
    };
  }
}
