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
  readonly subtitle: string;
} {
  const { broker, guarantee, commitIntervalMs } = conditions;
  const runs = Math.max(1, ...summary.throughput.map((row) => row.runs));
  const versions = [`Node ${environment.node}`, ...(environment.java === undefined ? [] : [`Java ${environment.java}`])];
  return {
    title: 'Throughput and CPU cost by workload (longer is better)',
    subtitle:
      `${broker}; ${guaranteeName(guarantee)}, commits every ${commitIntervalMs} ms; ${environment.cores} cores, ${versions.join(', ')}; ` +
      `median of ${runs} runs, whiskers from the slowest to the fastest; ${date.slice(0, 10)}`,
  };
}
