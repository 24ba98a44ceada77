import type { GroupConsumer } from '../transport/transport.ts';
import type { InputState, TaskTable } from './tasks.ts';

export interface BackPressureLimits {
  /**
   * Records of one partition in its shard; beyond it the partition is paused, below half of it resumed. One batch at work
   * and one that waits are never too many: with fewer the shard would wait for us after each batch.
   */
  readonly recordsPerPartition: number;
  /** Bytes of input in the shards of this process; each partition may have an equal part of it. */
  readonly inputBytes: number;
  /** Bytes of output waiting for commits; beyond it everything is paused, below half of it resumed. */
  readonly outputBytes: number;
}

const BATCHES_MIN = 2;

/**
 * Decides which partitions are paused. The set is computed from the task table each time, never kept beside it, so it
 * cannot go stale when an assignment changes.
 */
export class BackPressure {
  readonly #limits: BackPressureLimits;
  readonly #tasks: TaskTable;
  #outputFull = false;

  constructor(limits: BackPressureLimits, tasks: TaskTable) {
    this.#limits = limits;
    this.#tasks = tasks;
  }

  /** Pauses and resumes what has to be, given the output that waits. `held`: everything stays paused. */
  apply(consumer: GroupConsumer, bufferedOutputBytes: number, held: boolean): void {
    this.#outputFull = bufferedOutputBytes > this.#limits.outputBytes / (this.#outputFull ? 2 : 1);
    const pause: InputState[] = [];
    const resume: InputState[] = [];
    const bytesPerInput = this.#limits.inputBytes / Math.max(1, this.#tasks.inputCount);
    for (const { task, input } of this.#tasks.activeInputs()) {
      const wanted = held || this.#outputFull || task.state !== 'running' || this.#isFull(input, bytesPerInput);
      if (wanted === input.paused) continue;
      input.paused = wanted;
      (wanted ? pause : resume).push(input);
    }
    if (pause.length > 0) consumer.pause(pause);
    if (resume.length > 0) consumer.resume(resume);
  }

  #isFull(input: InputState, bytesLimit: number): boolean {
    const share = input.paused ? 0.5 : 1;
    if (input.inFlightBytes > bytesLimit * share) return true;
    return input.inFlight.length >= BATCHES_MIN && input.inFlightRecords > this.#limits.recordsPerPartition * share;
  }
}
