/** What became of the orders, counted from the output topic as any consumer sees it. */

import Table from 'cli-table3';
import { readAll } from './kafka.ts';
import type { Guarantee, Tracked } from './order.ts';

export interface Outcome {
  readonly guarantee: Guarantee;
  /** Orders tracked by each tracker. */
  readonly shares: readonly number[];
  readonly orders: number;
  /** Never tracked. */
  readonly lost: number;
  /** Tracked more than once. */
  readonly repeated: number;
}

/** What a crash may cost. */
const MAY: Readonly<Record<Guarantee, { readonly lose: boolean; readonly repeat: boolean }>> = {
  'at-most-once': { lose: true, repeat: false },
  'at-least-once': { lose: false, repeat: true },
  'exactly-once': { lose: false, repeat: false },
};

export async function countTracked(
  bootstrap: string,
  topic: string,
  orders: number,
): Promise<Pick<Outcome, 'orders' | 'lost' | 'repeated'>> {
  const times = new Array<number>(orders).fill(0);
  await readAll(bootstrap, topic, ({ value }) => {
    const { order } = JSON.parse(String(value)) as Tracked;
    times[order] = (times[order] ?? 0) + 1;
  });
  return { orders, lost: times.filter((count) => count === 0).length, repeated: times.filter((count) => count > 1).length };
}

/** What an outcome says against its guarantee; also that the crash cost nothing where it should have. */
export function problemsOf({ guarantee, lost, repeated }: Outcome): string[] {
  const may = MAY[guarantee];
  const problems: string[] = [];
  if (lost > 0 !== may.lose)
    problems.push(`${guarantee}: ${lost} orders were lost, which should ${may.lose ? '' : 'not '}happen in this crash.`);
  if (repeated > 0 !== may.repeat) {
    problems.push(`${guarantee}: ${repeated} orders were repeated, which should ${may.repeat ? '' : 'not '}happen in this crash.`);
  }
  return problems;
}

export function outcomeTable(outcomes: readonly Outcome[]): string {
  const table = new Table({ head: ['guarantee', 'orders', 'lost', 'repeated', 'a crash may'], style: { head: [], border: [] } });
  for (const { guarantee, orders, lost, repeated } of outcomes) {
    const may = MAY[guarantee];
    table.push([guarantee, orders, lost, repeated, may.lose ? 'lose orders' : may.repeat ? 'repeat orders' : 'do neither']);
  }
  return table.toString();
}
