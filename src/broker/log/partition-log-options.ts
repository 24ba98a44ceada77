import type { LogResourceOptions, LogResources } from './log-resources.ts';

export interface PartitionLogOptions extends LogResourceOptions {
  /** The partition's own directory; made when missing. */
  readonly dir: string;
  readonly topic: string;
  readonly partition: number;
  /** 16 bytes. */
  readonly topicId: Uint8Array;
  /** The topic's configs by Kafka's names; what is not there has Kafka's default. */
  readonly config: Readonly<Record<string, string>>;
  /** What the partitions of a data directory share. Default: a set of its own, made from the other options. */
  readonly resources?: LogResources;
  /** The files are as a clean stop left them. Default false: the log is checked from `recoveryPoint` on. */
  readonly cleanShutdown?: boolean;
  /** All below was synced. Default 0. */
  readonly recoveryPoint?: number;
  /** From the checkpoint. Default: where the first segment begins. */
  readonly logStartOffset?: number;
  /** Where the next compaction begins, from the checkpoint. Default: the beginning. */
  readonly cleanedUpTo?: number;
}
