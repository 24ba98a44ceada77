import { createHash } from 'node:crypto';
import type { Outcome, Scenario } from './scenario.ts';

/** What Kafka Streams made of one scenario, and of which: a scenario that was changed since has no expectation. */
export interface Expectation {
  readonly scenario: string;
  readonly outcome: Outcome;
}
export type Expectations = Readonly<Record<string, Expectation>>;

export interface OutcomeFile {
  readonly kafkaStreams: string;
  readonly expectations: Expectations;
}

/** The first characters of a hash of the scenario. */
export function fingerprint(scenario: Scenario): string {
  return createHash('sha256').update(JSON.stringify(scenario)).digest('hex').slice(0, 12);
}

/** The file's text: one record or row a line, so that differences can be read. */
export function formatOutcomeFile(file: OutcomeFile): string {
  return `${format(file, 0)}\n`;
}

function format(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isArray = Array.isArray(value);
  if (isArray && !value.some((item) => Array.isArray(item) || typeof item === 'string')) return JSON.stringify(value);
  const lines = isArray
    ? value.map((item) => JSON.stringify(item))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${format(item, depth + 1)}`);
  const [open, close] = isArray ? '[]' : '{}';
  if (lines.length === 0) return `${open}${close}`;
  const indent = ' '.repeat(depth + 1);
  return `${open}\n${lines.map((line) => indent + line).join(',\n')}\n${' '.repeat(depth)}${close}`;
}
