/** What `npm run bench -- e2e` can measure. */
export const PARTS = ['throughput', 'latency', 'commit-sweep', 'restore'] as const;

export type Part = (typeof PARTS)[number];

/** The throughput table alone when nothing is named; `all` are all. Throws naming what there is. */
export function partsOf(names: readonly string[]): readonly Part[] {
  if (names.length === 0) return ['throughput'];
  const chosen = new Set<Part>();
  for (const name of names) {
    const part = PARTS.find((known) => known === name);
    if (part !== undefined) chosen.add(part);
    else if (name === 'all') for (const each of PARTS) chosen.add(each);
    else throw new Error(`There is no part "${name}": ${PARTS.join(', ')}, or all; scale, report and compare stand alone.`);
  }
  return PARTS.filter((part) => chosen.has(part));
}
