import type { E2eDocument } from './document.ts';
import { describeEnvironment } from './environment.ts';
import { guaranteeName } from './format.ts';
import type { Grid } from './grid.ts';
import { grids, targetSentence } from './grids.ts';

/** The report for a README: the tables, and what they were measured with. */
export function markdownReport(document: E2eDocument): string {
  const { conditions, environment, targets, failures, date } = document;
  const parts = [
    `On ${conditions.broker}, ${guaranteeName(conditions.guarantee)}, commits every ${conditions.commitIntervalMs} ms, inputs of ` +
      `${conditions.records.toLocaleString('en-US')} records; ${describeEnvironment(environment)}; ${date.slice(0, 10)}.`,
    ...grids(document).flatMap((grid) => [`${grid.title}:`, markdownTable(grid)]),
    targetSentence(targets),
    ...(conditions.settings.length > 0 ? [conditions.settings.map((line) => `- ${line}`).join('\n')] : []),
    ...(failures.length > 0 ? [failures.map((failure) => `- failed: ${firstLine(failure)}`).join('\n')] : []),
  ];
  return `${parts.join('\n\n')}\n`;
}

export function markdownTable({ head, right, rows }: Grid): string {
  const escaped = rows.map((row) => row.map(escapeBars));
  const widths = head.map((name, column) => Math.max(3, name.length, ...escaped.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (right.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join(' | ')} |`;
  const rule = widths.map((width, column) => (right.has(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(head), `| ${rule.join(' | ')} |`, ...escaped.map(line)].join('\n');
}

function escapeBars(text: string): string {
  return text.replaceAll('|', '\\|');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
