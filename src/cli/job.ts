import type { KafkaStreamsConfig } from '../config.ts';
import type { JobKafka } from './job-kafka.ts';

/**
 * A finite job for `millrace run`: a topology with what belongs around it. A folder with a `job.ts` (or `job.js`) whose
 * default export is a Job can be run by its path; a bare topology module runs until it is stopped.
 */
export interface Job {
  readonly applicationId: string;
  /** Module of the topology. */
  readonly topology: URL;
  /** Made before anything else where they do not exist. */
  readonly topics: readonly JobTopic[];
  /** Settings that differ from the engine's defaults; options of the command win over them. */
  readonly config?: Partial<KafkaStreamsConfig>;
  /** The job's own options on the command line. */
  readonly options?: readonly JobOption[];
  /**
   * Puts the input into its topics. Called on every run, so it must find out what is there already.
   *
   * @returns number of input records that the topics hold afterwards.
   */
  load?(context: JobContext): Promise<number>;
  /** Called when all input is processed and committed: prints the result, throws if it is not right. */
  report?(context: JobContext): Promise<void>;
}

export interface JobTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly config?: Readonly<Record<string, string>>;
}

export interface JobOption {
  /** As commander wants it, e.g. `--rows <n>`. */
  readonly flags: string;
  readonly description: string;
  readonly default?: string | number;
  /** Turns the text into a value; throws an Error with the remedy. */
  readonly parse?: (text: string) => unknown;
}

export interface JobContext {
  readonly kafka: JobKafka;
  /** Values of the job's own options by their long names in camelCase. */
  readonly options: Readonly<Record<string, unknown>>;
  /** A line of output. */
  print(line?: string): void;
  /** Shown while `load` runs. */
  progress(done: number, total: number, what: string): void;
  /** True once the user wants to stop; `load` should return soon. */
  readonly stopping: boolean;
}
