import Table from 'cli-table3';
import pc from 'picocolors';
import type { MillraceError } from '../errors.ts';
import { EXIT } from './command.ts';
import { errorText } from './error-text.ts';

/** Borderless, so that columns can be cut and lines grepped. */
const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export type Cell = string | number | null | undefined;

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The whole result as one JSON document: on one line, or indented for a terminal. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0));
}

/** Columns under their heads; numbers to the right, `-` for what is not there. */
export function printTable(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  if (rows.length === 0) return;
  const table = new Table({
    head: head.map((name) => pc.bold(name)),
    chars: PLAIN,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: head.map((_, column) => (rows.every((row) => typeof row[column] === 'number') ? 'right' : 'left')),
  });
  table.push(...rows.map((row) => row.map(shown)));
  for (const line of table.toString().split('\n')) printLine(line.trimEnd());
}

function shown(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '-';
  return String(cell);
}

/** Things that went wrong while others went well: each is told on stderr, and the command fails in the end. */
export function reportFailures(errors: readonly MillraceError[]): void {
  for (const error of errors) process.stderr.write(`${pc.red('error')} ${errorText(error)}\n`);
  if (errors.length > 0) process.exitCode = EXIT.failed;
}

/** A remark that is no result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** How an error is written in JSON results. */
export function errorJson(error: MillraceError): { readonly code: string; readonly message: string } {
  return { code: String(error.context['kafkaError'] ?? error.code), message: error.message };
}

/** A time for people and JSON alike: ISO 8601; null for none. */
export function isoTime(timestampMs: number): string | null {
  return timestampMs < 0 || !Number.isFinite(timestampMs) ? null : new Date(timestampMs).toISOString();
}
