/** Asks Apache Kafka everything that test/responses asks, and keeps the answers: test/golden/responses. */
import { saveGolden } from '../responses/golden-file.ts';
import { untilReady } from '../responses/preparation.ts';
import { scenarios } from '../responses/scenarios/index.ts';
import { type Scenario, Talk } from '../responses/talk.ts';
import { ApacheKafka } from './apache-kafka.ts';

/** The controller's changes reach the broker as records of the metadata log. */
const SETTLING_MS = 200;

/** @param only scenarios whose names begin so; empty: all */
export async function record(classPath: string, kafkaVersion: string, only = ''): Promise<number> {
  const wanted = scenarios.filter(({ name }) => name.startsWith(only));
  const common = wanted.filter(({ config }) => config === undefined);
  let steps = common.length === 0 ? 0 : await recordWith(classPath, kafkaVersion, {}, common);
  for (const scenario of wanted.filter(({ config }) => config !== undefined)) {
    steps += await recordWith(classPath, kafkaVersion, scenario.config ?? {}, [scenario]);
  }
  return steps;
}

/** Runs scenarios against one fresh Apache Kafka. */
async function recordWith(
  classPath: string,
  kafkaVersion: string,
  config: Readonly<Record<string, string>>,
  wanted: readonly Scenario[],
): Promise<number> {
  const kafka = await ApacheKafka.start({ classPath, config });
  let steps = 0;
  try {
    for (const scenario of wanted) steps += await recordOne(kafka.port, kafkaVersion, scenario);
  } finally {
    await kafka.close();
  }
  return steps;
}

async function recordOne(port: number, kafkaVersion: string, scenario: Scenario): Promise<number> {
  const talk = new Talk(port, SETTLING_MS);
  try {
    await untilReady(talk);
    await scenario.run(talk);
  } catch (error) {
    throw new Error(`Scenario ${scenario.name} came to an end at step ${talk.exchanges.length}: ${String(error)}`, { cause: error });
  } finally {
    await talk.close();
  }
  saveGolden(scenario.name, kafkaVersion, talk.exchanges);
  console.log(`recorded ${scenario.name}: ${talk.exchanges.length} steps`);
  return talk.exchanges.length;
}
