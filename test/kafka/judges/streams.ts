/** The smoke test of Java Kafka Streams, which verifies its own results. */

import { CreateTopics, DeleteTopics, ErrorCode } from '../../../src/protocol/index.ts';
import { Talk } from '../../responses/talk.ts';
import { tail } from '../java.ts';
import { expectThat, type Judge, type Subject } from '../judge.ts';

/** Kafka Streams makes its internal topics, not these. */
const TOPICS = [
  ...['data', 'echo', 'max', 'min', 'min-suppressed', 'min-raw', 'dif', 'sum', 'sws-raw', 'sws-suppressed', 'cnt', 'avg', 'tagg'],
  'fk',
];
const PARTITIONS = 3;
const MAIN = 'org.apache.kafka.streams.tests.StreamsSmokeTest';
const TIMEOUT_MS = 300_000;

function smokeTest(guarantee: 'at_least_once' | 'exactly_once_v2'): Judge {
  return {
    name: `StreamsSmokeTest of Kafka Streams, ${guarantee}`,
    async run({ java, subject, name }) {
      // The application's state belongs to one broker.
      const state = name(`streams-${guarantee}-on-${subject.name.replace(' ', '-')}`);
      const properties = java.file(
        `${state}.properties`,
        `bootstrap.servers=${subject.bootstrapServers}\nstate.dir=${java.directory}/${state}\nprocessing.guarantee=${guarantee}\nnum.stream.threads=2\n`,
      );
      await createTopics(subject);
      const stop = new AbortController();
      const streams = java.run(MAIN, [properties, 'process'], { timeoutMs: TIMEOUT_MS, signal: stop.signal });
      const driver = await java.run(MAIN, [properties, 'run'], { timeoutMs: TIMEOUT_MS });
      stop.abort();
      const processed = await streams;
      const output = `${driver.stdout}\n${tail(driver.stderr)}\n${tail(processed.stdout)}\n${tail(processed.stderr)}`;
      expectThat(driver.exitCode === 0, `the driver ended with ${driver.exitCode}`, output);
      expectThat(driver.stdout.includes('SUCCESS') && !driver.stdout.includes('FAILURE'), 'it was no success', output);
      return 'verified';
    },
  };
}

export const streamsJudges: readonly Judge[] = [smokeTest('at_least_once'), smokeTest('exactly_once_v2')];

/** The topics have fixed names, so those of the run before go first. */
async function createTopics({ bootstrapServers }: Subject): Promise<void> {
  const talk = new Talk(Number(bootstrapServers.split(':').at(-1)));
  try {
    await talk.until(DeleteTopics, 5, { topicNames: TOPICS, timeoutMs: 10_000 }, ({ responses }) =>
      responses.every(({ errorCode }) => errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    );
    const topics = TOPICS.map((name) => ({ name, numPartitions: PARTITIONS, replicationFactor: 1, assignments: [], configs: [] }));
    await talk.until(CreateTopics, 5, { topics }, (response) =>
      response.topics.every(({ errorCode }) => errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS),
    );
  } finally {
    await talk.close();
  }
}
