/** The smoke test of Java Kafka Streams, which verifies its own results. */

import { tail } from '../java.ts';
import { expectThat, type Judge } from '../judge.ts';

const MAIN = 'org.apache.kafka.streams.tests.StreamsSmokeTest';
const TIMEOUT_MS = 300_000;

function smokeTest(guarantee: 'at_least_once' | 'exactly_once_v2'): Judge {
  return {
    name: `StreamsSmokeTest of Kafka Streams, ${guarantee}`,
    async run({ java, subject, name }) {
      const state = name(`streams-${guarantee}`);
      const properties = java.file(
        `${state}.properties`,
        `bootstrap.servers=${subject.bootstrapServers}\nstate.dir=${java.directory}/${state}\nprocessing.guarantee=${guarantee}\nnum.stream.threads=2\n`,
      );
      const stop = new AbortController();
      const streams = java.run(MAIN, [properties, 'process'], { timeoutMs: TIMEOUT_MS, signal: stop.signal });
      const driver = await java.run(MAIN, [properties, 'run'], { timeoutMs: TIMEOUT_MS });
      stop.abort();
      const processed = await streams;
      const output = `${driver.stdout}\n${tail(driver.stderr)}\n${tail(processed.stdout)}\n${tail(processed.stderr)}`;
      expectThat(driver.exitCode === 0, `the driver ended with ${driver.exitCode}`, output);
      expectThat(driver.stdout.includes('PROCESSED-MORE-THAN-GENERATED') || driver.stdout.includes('SUCCESS'), 'it was no success', output);
      return 'verified';
    },
  };
}

export const streamsJudges: readonly Judge[] = [smokeTest('at_least_once'), smokeTest('exactly_once_v2')];
