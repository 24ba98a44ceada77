import { writeFileSync } from 'node:fs';
import { chartParts } from './chart-bars.ts';
import { type Comparison, compareDocuments, comparisonGrid } from './compare.ts';
import { type E2eDocument, loadDocument, mergeDocuments, saveDocument } from './document.ts';
import { markdownReport } from './markdown.ts';
import { terminalReport, terminalTable } from './terminal.ts';

export interface ReportOptions {
  /** Where to write the chart; none when undefined. */
  readonly svg: string | undefined;
  /** Where to write the reports as one; nowhere when undefined. */
  readonly json: string | undefined;
  readonly markdown: boolean;
}

/** Writes the chart; that of Nexmark, where it was measured, into a file of its own beside it: `x-nexmark.svg`. */
export async function saveChart(file: string, document: E2eDocument): Promise<void> {
  // The chart library takes a second to load: only where it is needed.
  const { chart } = await import('./chart.ts');
  for (const { rows, suffix } of chartParts(document.summary.throughput)) {
    writeFileSync(file.replace(/(\.svg)?$/, `${suffix}.svg`), await chart(document, rows));
  }
}

/** `npm run bench -- e2e report FILE…`: the tables and the chart of reports that were saved, as one. */
export async function showReport(files: readonly string[], { json, svg, markdown }: ReportOptions): Promise<string> {
  const document = mergeDocuments(files.map(loadDocument));
  if (json !== undefined) saveDocument(json, document);
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
