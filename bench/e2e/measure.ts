/** What one run of a subject took. CPU and memory are those of the subject's whole process. */
export interface Measurement {
  readonly subject: string;
  /** Records that crossed the client: consumed plus produced. */
  readonly consumed: number;
  readonly produced: number;
  /** Records of the input topic. */
  readonly input: number;
  readonly elapsedMs: number;
  readonly cpuMs: number;
  /** CPU of the main thread's event loop, ms (active time). */
  readonly mainThreadMs: number;
  readonly peakRssBytes: number;
}

/** Starts counting; the result is what was used since. */
export function startMeasuring(subject: string): (counts: Pick<Measurement, 'consumed' | 'produced' | 'input'>) => Measurement {
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  return (counts) => {
    const used = process.cpuUsage(cpu);
    return {
      subject,
      ...counts,
      elapsedMs: performance.now() - startedMs,
      cpuMs: (used.user + used.system) / 1000,
      mainThreadMs: performance.eventLoopUtilization(loop).active,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    };
  };
}

/** Hands a measurement to the parent process. */
export function publish(measurement: Measurement): void {
  process.stdout.write(`${JSON.stringify(measurement)}\n`);
}
