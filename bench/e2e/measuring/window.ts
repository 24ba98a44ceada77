/** What is seen of a subject at one moment. */
export interface Sample {
  readonly atMs: number;
  /** Input records whose offsets are committed. */
  readonly committed: number;
  /** CPU of the subject's processes so far. */
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly brokerCpuSeconds: number;
}

/** Which part of a run counts. */
export interface MeasuringPlan {
  /** Of the input topic. */
  readonly inputRecords: number;
  /** The warm-up ends when both so much time and so many records have passed since the first commit … 0: no warm-up. */
  readonly warmUpMs: number;
  readonly warmUpRecords: number;
  /** … or, for a subject so fast that nothing would be left, when this share of the input is committed. */
  readonly mostWarmUp: number;
  /** A subject that has not come to the end of the input is stopped so long after its warm-up. */
  readonly limitMs: number;
}

/** The measured part: between two commits that were seen. */
export interface MeasuredPart {
  readonly records: number;
  readonly elapsedMs: number;
  readonly warmUpRecords: number;
  readonly warmUpMs: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly brokerCpuSeconds: number;
}

/**
 * Cuts the measured part out of a run that is watched from outside. It begins and ends at moments when commits were seen,
 * so that a coarse commit interval makes it shorter or longer, but not wrong.
 */
export class MeasuringWindow {
  readonly #plan: MeasuringPlan;
  #first: Sample | undefined;
  #start: Sample | undefined;
  #end: Sample | undefined;

  constructor(plan: MeasuringPlan) {
    this.#plan = plan;
  }

  /** Takes what is seen now; `done`: everything is committed. Returns true when the run may end. */
  add(sample: Sample, done: boolean): boolean {
    if (this.#first === undefined && this.#plan.warmUpMs === 0) this.#begin(sample);
    const before = this.#end ?? this.#start ?? this.#first;
    const moved = sample.committed > (before?.committed ?? 0);
    if (moved) this.#advance(sample);
    // The input is committed before what it made in repartition topics is.
    if (done && this.#start !== undefined) this.#end = sample;
    return done || this.#limitReached(sample);
  }

  /** Throws when there was nothing to measure after the warm-up. */
  get part(): MeasuredPart {
    const [first, start, end] = [this.#first, this.#start, this.#end];
    if (first === undefined || start === undefined || end === undefined || end.committed <= start.committed) {
      throw new Error('was done before it could be measured; use more rows');
    }
    return {
      records: end.committed - start.committed,
      elapsedMs: end.atMs - start.atMs,
      warmUpRecords: start.committed,
      warmUpMs: start.atMs - first.atMs,
      userSeconds: end.userSeconds - start.userSeconds,
      systemSeconds: end.systemSeconds - start.systemSeconds,
      brokerCpuSeconds: end.brokerCpuSeconds - start.brokerCpuSeconds,
    };
  }

  /** Without a warm-up all counts, the start of the subject too: a small input may be committed at one go. */
  #begin(sample: Sample): void {
    this.#first = sample;
    this.#start = sample;
  }

  #advance(sample: Sample): void {
    if (this.#start !== undefined) this.#end = sample;
    else {
      this.#first ??= sample;
      if (this.#isWarm(this.#first, sample)) this.#start = sample;
    }
  }

  #isWarm(first: Sample, { atMs, committed }: Sample): boolean {
    const { inputRecords, warmUpMs, warmUpRecords, mostWarmUp } = this.#plan;
    if (committed >= inputRecords * mostWarmUp) return true;
    return atMs - first.atMs >= warmUpMs && committed >= warmUpRecords;
  }

  #limitReached({ atMs }: Sample): boolean {
    return this.#start !== undefined && this.#end !== undefined && atMs - this.#start.atMs >= this.#plan.limitMs;
  }
}
