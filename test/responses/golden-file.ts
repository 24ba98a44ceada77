/** Exchanges with Apache Kafka as files: test/golden/responses. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { apiByKey } from '../../src/protocol/index.ts';
import type { Exchange } from './talk.ts';

const DIRECTORY = fileURLToPath(new URL('../golden/responses/', import.meta.url));

interface GoldenFile {
  /** Version of the Apache Kafka that answered. */
  readonly kafka: string;
  readonly steps: readonly GoldenStep[];
}

interface GoldenStep {
  readonly step: string;
  readonly apiKey: number;
  readonly version: number;
  /** Base 64, from the header on. */
  readonly request: string;
  /** Null: the connection was closed. */
  readonly response: string | null;
}

export function saveGolden(scenario: string, kafka: string, exchanges: readonly Exchange[]): void {
  const steps = exchanges.map(({ step, api, version, request, response }) => ({
    step,
    apiKey: api.key,
    version,
    request: request.toString('base64'),
    response: response?.toString('base64') ?? null,
  }));
  mkdirSync(DIRECTORY, { recursive: true });
  // One step a line, so that a change shows which one it is of.
  const lines = steps.map((step) => `    ${JSON.stringify(step)}`).join(',\n');
  writeFileSync(`${DIRECTORY}${scenario}.json`, `{\n  "kafka": ${JSON.stringify(kafka)},\n  "steps": [\n${lines}\n  ]\n}\n`);
}

export function loadGolden(scenario: string): Exchange[] {
  const { steps } = JSON.parse(readFileSync(`${DIRECTORY}${scenario}.json`, 'utf8')) as GoldenFile;
  return steps.map(({ step, apiKey, version, request, response }) => {
    const api = apiByKey(apiKey);
    if (api === undefined) throw new Error(`${scenario}: "${step}" is of API ${apiKey}, which has no schema.`);
    return {
      step,
      api,
      version,
      request: Buffer.from(request, 'base64'),
      response: response === null ? null : Buffer.from(response, 'base64'),
    };
  });
}
