import { median } from '../../broker/measurement.ts';

/** One figure over all runs of a row. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Half the distance between the largest and the smallest, as a share of the median. */
  readonly spread: number;
}

export function figure(values: readonly number[]): Figure {
  const middle = median(values);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return { median: middle, min, max, spread: (max - min) / 2 / middle };
}

/** Values with equal keys together, in the order of the first of each. */
export function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return [...groups.values()];
}
