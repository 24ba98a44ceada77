import type { E2eDocument } from './document.ts';
import { guaranteeName } from './format.ts';

/** What the chart says above its bars. */
export function chartTitle({
  conditions,
  environment,
  summary,
  date,
}: Pick<E2eDocument, 'conditions' | 'environment' | 'summary' | 'date'>): {
  readonly title: string;
  /** Lines. */
  readonly subtitle: readonly string[];
} {
  const { broker, guarantee, commitIntervalMs } = conditions;
  const runs = Math.max(1, ...summary.throughput.map((row) => row.runs));
  const versions = [`Node ${environment.node}`, ...(environment.java === undefined ? [] : [`Java ${environment.java}`])];
  return {
    title: 'Throughput and CPU cost by workload (longer is better)',
    subtitle: [
      `${broker}; ${guaranteeName(guarantee)}, commits every ${commitIntervalMs} ms; ${environment.cores} cores, ${versions.join(', ')}; ${date.slice(0, 10)}`,
      runs > 1 ? `Medians of ${runs} runs; whiskers reach from the slowest run to the fastest` : 'One run each',
    ],
  };
}
