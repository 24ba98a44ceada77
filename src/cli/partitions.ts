import { usageError } from './command.ts';

const MAX_PARTITION = 1_000_000;

/** Partitions as users write them: `0`, `0,3`, `0-3`. Sorted, each once. */
export function parsePartitions(parts: readonly string[]): number[] {
  const partitions = new Set<number>();
  for (const part of parts) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    const first = Number(match?.[1]);
    const last = match?.[2] === undefined ? first : Number(match[2]);
    if (match === null || last < first || last > MAX_PARTITION) {
      throw usageError(`"${part}" names no partitions; they are written as 0, as 0,3 or as 0-3.`);
    }
    for (let partition = first; partition <= last; partition++) partitions.add(partition);
  }
  return [...partitions].sort((a, b) => a - b);
}
