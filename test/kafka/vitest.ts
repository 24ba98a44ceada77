/** Tests of this project that can be run against any Kafka. */
import { spawn } from 'node:child_process';
import { expectThat } from './judge.ts';

const TIMEOUT_MS = 900_000;
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/**
 * Runs vitest; throws with its report when a test failed, else resolves with how many there were.
 *
 * @param parameters paths, and `-t` with a part of the tests' names
 * @param bootstrapServers undefined: the tests start embedded brokers of their own
 */
export async function runTests(parameters: readonly string[], bootstrapServers: string | undefined): Promise<string> {
  const child = spawn('npx', ['vitest', 'run', ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    env: { ...process.env, ...(bootstrapServers !== undefined && { TEST_BOOTSTRAP: bootstrapServers }) },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const counts = /Tests {2}(.*)/.exec(stdout.replaceAll(COLOURS, ''))?.[1] ?? '';
  // Vitest tells of failures on stderr.
  expectThat(status === 0, `tests failed: ${counts}`, stderr.replaceAll(COLOURS, ''));
  return counts;
}
