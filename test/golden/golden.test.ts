import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { comparable, deviations, expectedHere } from './deviations.ts';
import { fingerprint, type OutcomeFile } from './outcome-file.ts';
import { runScenario } from './run-scenario.ts';
import type { Outcome, Scenario } from './scenario.ts';
import { committedGroups } from './scenarios/index.ts';

/** What Kafka Streams made of it. @throws where that is not known. */
function expectedOutcome(scenario: Scenario, file: OutcomeFile): Outcome {
  const expectation = file.expectations[scenario.name];
  if (expectation?.scenario !== fingerprint(scenario)) {
    throw new Error(`Scenario "${scenario.name}" is new or was changed: ask Kafka Streams with "npm run test:java -- --write".`);
  }
  return expectation.outcome;
}

describe.each(Object.entries(committedGroups))('%s as Kafka Streams has it', (group, scenarios) => {
  const file = JSON.parse(readFileSync(new URL(`expected/${group}.json`, import.meta.url), 'utf8')) as OutcomeFile;

  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (name, scenario) => {
    const expected = expectedOutcome(scenario, file);
    const deviation = deviations[name];
    expect(comparable(scenario, runScenario(scenario))).toEqual(expectedHere(scenario, expected));
    if (deviation !== undefined) expect(deviation.apply(expected), 'the deviation is none any more').not.toEqual(expected);
  });

  it('has no expectations of scenarios that are gone', () => {
    expect(Object.keys(file.expectations)).toEqual(scenarios.map(({ name }) => name));
  });
});

describe('deviations', () => {
  it('belong to scenarios that exist', () => {
    const names = new Set(Object.values(committedGroups).flatMap((scenarios) => scenarios.map(({ name }) => name)));
    expect(Object.keys(deviations).filter((name) => !names.has(name))).toEqual([]);
  });
});
