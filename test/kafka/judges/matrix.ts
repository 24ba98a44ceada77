/** The tests of this project that can be run against any Kafka, so that a wrong assumption of theirs shows. */
import { spawnSync } from 'node:child_process';
import { expectThat, type Judge } from '../judge.ts';

const TIMEOUT_MS = 900_000;

function testsIn(name: string, path: string): Judge {
  return {
    name,
    run: async ({ subject }) => {
      const result = spawnSync('npx', ['vitest', 'run', path], {
        encoding: 'utf8',
        timeout: TIMEOUT_MS,
        // The embedded broker is started by the tests themselves, with three nodes.
        env: { ...process.env, ...(subject.name === 'Millrace' ? {} : { TEST_BOOTSTRAP: subject.bootstrapServers }) },
      });
      const counts =
        /Tests {2}(.*)/.exec(result.stdout.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), ''))?.[1] ?? '';
      // Vitest tells of failures on stderr.
      expectThat(result.status === 0, `tests failed: ${counts}`, result.stderr);
      return counts;
    },
  };
}

export const matrixJudges: readonly Judge[] = [
  testsIn('client matrix', 'test/integration/clients'),
  testsIn('engine tests of exactly-once', 'test/integration/engine/exactly-once.test.ts'),
];
