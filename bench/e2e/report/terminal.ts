import Table from 'cli-table3';
import type { E2eDocument } from './document.ts';
import { describeEnvironment } from './environment.ts';
import { guaranteeName } from './format.ts';
import type { Grid } from './grid.ts';
import { grids, targetSentence } from './grids.ts';

/** The whole report as text. */
export function terminalReport(document: E2eDocument): string {
  const { conditions, environment, targets, failures } = document;
  return [
    `On ${conditions.broker}; ${guaranteeName(conditions.guarantee)}, commits every ${conditions.commitIntervalMs} ms; ` +
      describeEnvironment(environment),
    ...conditions.settings,
    ...grids(document).flatMap((grid) => [`\n${grid.title}`, terminalTable(grid)]),
    targetSentence(targets),
    ...failures.map((failure) => `FAILED ${failure}`),
  ].join('\n');
}

export function terminalTable({ head, right, rows }: Grid): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (right.has(column) ? 'right' : 'left')),
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
    style: { head: [], border: [] },
  });
  for (const row of rows) table.push([...row]);
  return table.toString();
}
