/** The tests of this project that can be run against any Kafka, so that a wrong assumption of theirs shows. */
import type { Judge } from '../judge.ts';
import { runTests } from '../vitest.ts';

/** The embedded broker is started by the tests themselves, with three nodes. */
function testsIn(name: string, path: string): Judge {
  return {
    name,
    run: ({ subject }) => runTests([path], subject.name === 'Millrace' ? undefined : subject.bootstrapServers),
  };
}

export const matrixJudges: readonly Judge[] = [
  testsIn('client matrix', 'test/integration/clients'),
  testsIn('wire transport', 'test/integration/transport'),
  testsIn('engine tests of exactly-once, both transports', 'test/integration/engine/exactly-once.test.ts'),
];
