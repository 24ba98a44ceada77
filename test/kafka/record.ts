/** Asks Apache Kafka everything that test/responses asks, and keeps the answers: test/golden/responses. */
import { saveGolden } from '../responses/golden-file.ts';
import { untilReady } from '../responses/preparation.ts';
import { scenarios } from '../responses/scenarios/index.ts';
import { Talk } from '../responses/talk.ts';

/** The controller's changes reach the broker as records of the metadata log. */
const SETTLING_MS = 200;

/** @param only scenarios whose names begin so; empty: all */
export async function record(port: number, kafkaVersion: string, only = ''): Promise<number> {
  let steps = 0;
  for (const scenario of scenarios) {
    if (!scenario.name.startsWith(only)) continue;
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
    steps += talk.exchanges.length;
  }
  return steps;
}
