import type { E2eResults } from '../results.ts';
import type { Environment } from './environment.ts';
import { loadJson, saveJson } from './json-file.ts';
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
  saveJson(file, document);
}

/** Summary and targets are worked out anew, so that old files are judged as new ones are. */
export function loadDocument(file: string): E2eDocument {
  const { schema: _schema, date, environment, summary: _summary, targets: _targets, ...results } = loadJson(file, SCHEMA) as E2eDocument;
  return buildDocument(results, environment, date);
}
