import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Result {
  readonly description?: string;
  readonly code?: string;
  readonly message?: string;
}

const fixtures = fileURLToPath(new URL('load-fixtures/', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'millrace-load-'));
const brokenUrl = pathToFileURL(join(directory, 'broken.mjs')).href;

/** In a process of its own: vitest's module loader is not the one users have. */
function run(loaderArguments: string[], modules: string[]): Record<string, Result> {
  return JSON.parse(execFileSync(process.execPath, [...loaderArguments, join(fixtures, 'run.ts'), ...modules], { encoding: 'utf8' }));
}

const GOOD = ['./builder-function.ts', './returns-other-builder.ts', './topology-object.ts', './javascript-module.js'];
const BAD: [string, RegExp][] = [
  ['./wrong-default.ts', /wrong-default\.ts: it exports a number as default, but a Topology, a StreamsBuilder, or a function/],
  ['./no-default.ts', /no-default\.ts: it has no default export \(it exports topology\)/],
  ['./wrong-return.ts', /wrong-return\.ts: it returned a string, but a Topology/],
  ['./throws-at-import.ts', /throws-at-import\.ts: importing it threw Error: the database is gone/],
  ['./throws-in-function.ts', /throws-in-function\.ts: its default function threw TypeError: cannot read the schema/],
  ['./missing-import.ts', /missing-import\.ts: importing it threw .*does-not-exist\.ts/],
  ['./absent.ts', /absent\.ts: there is no such file/],
];

describe('loadTopology', () => {
  let results: Record<string, Result>;

  beforeAll(() => {
    writeFileSync(join(directory, 'broken.mjs'), 'export default = ;');
    results = run(['--import', 'tsx'], [...GOOD, ...BAD.map(([name]) => name), './invalid-topology.ts', brokenUrl]);
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(GOOD)('%s loads', (name) => {
    expect(results[name]?.message).toBeUndefined();
    expect(results[name]?.description).toMatch(/Source: .* \(topics: \[in\]\)[\s\S]*Sink: .* \(topic: out\)/);
  });

  it.each(BAD)('%s fails with what is wrong', (name, message) => {
    expect(results[name]).toEqual({ code: 'TOPOLOGY_LOAD_FAILED', message: expect.stringMatching(message) });
  });

  it('tells a syntax error', () => {
    expect(results[brokenUrl]).toEqual({
      code: 'TOPOLOGY_LOAD_FAILED',
      message: expect.stringContaining('importing it threw SyntaxError'),
    });
  });

  it('passes on what is wrong with the topology itself', () => {
    expect(results['./invalid-topology.ts']).toEqual({
      code: 'INVALID_TOPOLOGY',
      message: expect.stringContaining('"not a legal name"'),
    });
  });
});
