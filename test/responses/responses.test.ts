/**
 * Apache Kafka's answers, recorded in test/golden/responses, and the embedded broker's to the same requests, field by
 * field. `npm run test:kafka -- --record` asks Apache Kafka again.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../src/broker/index.ts';
import { ApiVersions, apiByKey } from '../../src/protocol/index.ts';
import { COMMON_CONFIG } from '../kafka/common-config.ts';
import { compare, type Difference } from './compare.ts';
import { EXPLANATIONS, type Explanation, explains } from './differences.ts';
import { loadGolden } from './golden-file.ts';
import { untilReady } from './preparation.ts';
import { scenarios } from './scenarios/index.ts';
import { Talk } from './talk.ts';

let broker: Broker;
const used = new Set<Explanation>();

beforeAll(async () => {
  broker = await Broker.start({ config: COMMON_CONFIG, logLevel: 'error' });
});

afterAll(() => broker.close());

/** One line of text for the same difference in several versions. */
function show(differences: readonly Difference[]): string[] {
  const versions = new Map<string, number[]>();
  for (const { step, api, version, place, kafka, ours } of differences) {
    const what = step.slice(step.indexOf(':') + 2);
    const text = `${api}: ${what}\n  ${place}\n    Apache Kafka: ${JSON.stringify(kafka)}\n    Millrace:     ${JSON.stringify(ours)}`;
    versions.set(text, [...(versions.get(text) ?? []), version]);
  }
  return [...versions].map(([text, numbers]) => `v${numbers.join(' ')} ${text}`);
}

describe('answers are those of Apache Kafka', () => {
  it.each(scenarios)('$name', async (scenario) => {
    const own = scenario.config && (await Broker.start({ config: { ...COMMON_CONFIG, ...scenario.config }, logLevel: 'error' }));
    const talk = new Talk((own ?? broker).port);
    try {
      await untilReady(talk);
      await scenario.run(talk);
    } finally {
      await talk.close();
      await own?.close();
    }
    const unexplained = compare(loadGolden(scenario.name), talk.exchanges).filter((difference) => {
      const explanations = EXPLANATIONS.filter((explanation) => explains(explanation, difference));
      for (const explanation of explanations) used.add(explanation);
      return explanations.length === 0;
    });
    expect(show(unexplained)).toEqual([]);
  });

  it('asks about every API that is served, in every version', async () => {
    const talk = new Talk(broker.port);
    const { apiKeys } = await talk.quiet(ApiVersions, 0, {});
    await talk.close();
    const served = apiKeys.flatMap(({ apiKey, minVersion, maxVersion }) =>
      Array.from({ length: maxVersion - minVersion + 1 }, (_, index) => `${apiByKey(apiKey)?.name} v${minVersion + index}`),
    );
    const asked = new Set(scenarios.flatMap(({ name }) => loadGolden(name).map(({ api, version }) => `${api.name} v${version}`)));
    expect(served.filter((one) => !asked.has(one))).toEqual(['Produce v0', 'Produce v1', 'Produce v2']);
  });

  it('has no explanation of a difference that is no more', () => {
    const idle = EXPLANATIONS.filter((explanation) => !used.has(explanation));
    expect(idle).toEqual([]);
  });
});
