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

/**
 * One report of several, e.g. of workloads that were measured one after the other. Throws when they were not measured
 * under the same conditions. What all share is taken from the first, the date from the last.
 */
export function mergeDocuments(documents: readonly E2eDocument[]): E2eDocument {
  const [first, ...others] = documents;
  if (first === undefined) throw new Error('There is no report to show.');
  for (const other of others) {
    const different = differences(first, other);
    if (different.length > 0) throw new Error(`Reports of different conditions are not put together: ${different.join('; ')}.`);
  }
  const results: E2eResults = {
    conditions: { ...first.conditions, settings: [...new Set(documents.flatMap(({ conditions }) => conditions.settings))] },
    throughput: documents.flatMap(({ throughput }) => throughput),
    limits: documents.flatMap(({ limits }) => limits),
    latency: documents.flatMap(({ latency }) => latency),
    commitSweep: documents.flatMap(({ commitSweep }) => commitSweep),
    restore: documents.flatMap(({ restore }) => restore),
    failures: documents.flatMap(({ failures }) => failures),
  };
  return buildDocument(results, first.environment, documents.at(-1)?.date ?? first.date);
}

/** What two reports differ in besides Millrace itself: numbers of two machines say nothing about a commit. */
export function differences(a: E2eDocument, b: E2eDocument): string[] {
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['broker', a.conditions.broker, b.conditions.broker],
    ['guarantee', a.conditions.guarantee, b.conditions.guarantee],
    ['commit interval', a.conditions.commitIntervalMs, b.conditions.commitIntervalMs],
    ['records', a.conditions.records, b.conditions.records],
    ['CPU', a.environment.cpu, b.environment.cpu],
    ['cores', a.environment.cores, b.environment.cores],
    ['Node', a.environment.node, b.environment.node],
    ['Kafka', a.environment.kafka ?? 'none', b.environment.kafka ?? 'none'],
    ['Java', a.environment.java ?? 'none', b.environment.java ?? 'none'],
  ];
  return pairs.filter(([, one, other]) => one !== other).map(([name, one, other]) => `${name} differs: ${one} and ${other}`);
}

export function saveDocument(file: string, document: E2eDocument): void {
  saveJson(file, document);
}

/** Summary and targets are worked out anew, so that old files are judged as new ones are. */
export function loadDocument(file: string): E2eDocument {
  const { schema: _schema, date, environment, summary: _summary, targets: _targets, ...results } = loadJson(file, SCHEMA) as E2eDocument;
  return buildDocument(results, environment, date);
}
