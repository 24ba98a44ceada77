import { randomScenario } from '../random-scenario.ts';
import type { Scenario } from '../scenario.ts';
import { aggregations } from './aggregations.ts';
import { errors } from './errors.ts';
import { formats } from './formats.ts';
import { joins } from './joins.ts';
import { processors } from './processors.ts';
import { stateless } from './stateless.ts';
import { streamJoins } from './stream-joins.ts';
import { tables } from './tables.ts';
import { windows } from './windows.ts';

const COMMITTED_SEEDS = 40;

/** The scenarios of seeds `from` to `to`. */
export function randomScenarios(from: number, to: number): Scenario[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => randomScenario(from + index));
}

/** Seeds above these are drawn by `npm run test:java` only. */
export const FIRST_SEED_NOT_COMMITTED: number = COMMITTED_SEEDS + 1;

/** All scenarios whose outcomes are committed, by the name of the file in `expected`. */
export const committedGroups: Readonly<Record<string, readonly Scenario[]>> = {
  stateless,
  aggregations,
  windows,
  tables,
  joins,
  'stream-joins': streamJoins,
  processors,
  formats,
  errors,
  random: randomScenarios(1, COMMITTED_SEEDS),
};
