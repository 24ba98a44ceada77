import { writeFileSync } from 'node:fs';
import { type Comparison, compareDocuments, comparisonGrid } from './compare.ts';
import { type E2eDocument, loadDocument } from './document.ts';
import { markdownReport } from './markdown.ts';
import { terminalReport, terminalTable } from './terminal.ts';

export interface ReportOptions {
  /** Where to write the chart; none when undefined. */
  readonly svg: string | undefined;
  readonly markdown: boolean;
}

export async function saveChart(file: string, document: E2eDocument): Promise<void> {
  // The chart library takes a second to load: only where it is needed.
  const { chart } = await import('./chart.ts');
  writeFileSync(file, await chart(document));
}

/** `npm run bench -- e2e report FILE`: the tables and the chart of a report that was saved. */
export async function showReport(file: string, { svg, markdown }: ReportOptions): Promise<string> {
  const document = loadDocument(file);
  if (svg !== undefined) await saveChart(svg, document);
  return markdown ? markdownReport(document) : terminalReport(document);
}

/** `npm run bench -- e2e compare BEFORE AFTER`: one report beside another, row by row. */
export function compareReports(before: string, after: string): string {
  const comparison = compareDocuments(loadDocument(before), loadDocument(after));
  const only = (rows: Comparison['onlyBefore'], file: string) =>
    rows.map(
      ({ workload, subject, guarantee, commitIntervalMs }) =>
        `Only in ${file}: ${workload}, ${subject}, ${guarantee}, ${commitIntervalMs} ms`,
    );
  return [
    terminalTable(comparisonGrid(comparison)),
    ...only(comparison.onlyBefore, before),
    ...only(comparison.onlyAfter, after),
    ...comparison.differences.map((difference) => `Beware: ${difference}.`),
  ].join('\n');
}
