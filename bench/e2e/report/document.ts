import { readFileSync, writeFileSync } from 'node:fs';
import type { E2eResults } from '../results.ts';
import type { Environment } from './environment.ts';
import { type Summary, summarize } from './summary.ts';
import { judge, type TargetResult } from './targets.ts';

/** Grows when a reader of the old form would misread the new one. New optional fields do not count. */
export const SCHEMA = 'millrace-bench-e2e/1';

/** The JSON file, described in docs/internals/benchmark.md: every run, and with it what follows from the runs. */
export interface E2eDocument extends E2eResults {
  readonly schema: typeof SCHEMA;
  /** When the runs ended, ISO 8601. */
  readonly date: string;
  readonly environment: Environment;
  readonly summary: Summary;
  readonly targets: readonly TargetResult[];
}

export function buildDocument(results: E2eResults, environment: Environment, date: string): E2eDocument {
  const summary = summarize(results);
  return { schema: SCHEMA, date, environment, ...results, summary, targets: judge(summary) };
}

export function saveDocument(file: string, document: E2eDocument): void {
  writeFileSync(file, `${JSON.stringify(document, null, 1)}\n`);
}

/**
 * Summary and targets are worked out anew, so that old files are judged as new ones are. Throws when the file holds
 * something else, or a form that this version cannot read.
 */
export function loadDocument(file: string): E2eDocument {
  const document = parse(file);
  if (typeof document !== 'object' || document === null || !('schema' in document)) {
    throw new Error(`${file} is not a report of "npm run bench -- e2e --json FILE": it has no "schema".`);
  }
  if (document.schema !== SCHEMA) throw new Error(`${file} has schema ${String(document.schema)}; this version reads ${SCHEMA}.`);
  const { schema: _schema, date, environment, summary: _summary, targets: _targets, ...results } = document as E2eDocument;
  return buildDocument(results, environment, date);
}

function parse(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
