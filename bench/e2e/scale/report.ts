import { describeEnvironment, guaranteeName, markdownTable, terminalTable } from '../report/index.ts';
import { scaleGrids } from './grids.ts';
import type { ScaleDocument } from './results.ts';

/** The tables of all axes, for a terminal or as Markdown. */
export function scaleReport(document: ScaleDocument, markdown: boolean): string {
  const { conditions, environment, workload, failures, date } = document;
  return [
    `${workload} on ${conditions.broker}, ${guaranteeName(conditions.guarantee)}, commits every ${conditions.commitIntervalMs} ms; ` +
      `${describeEnvironment(environment)}; ${date.slice(0, 10)}.`,
    ...scaleGrids(document).flatMap((grid) =>
      markdown ? [`\n${grid.title}:\n`, markdownTable(grid)] : [`\n${grid.title}`, terminalTable(grid)],
    ),
    ...failures.map((failure) => `FAILED ${failure}`),
  ].join('\n');
}
