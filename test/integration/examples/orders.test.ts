/** The order-processing example as a user starts it: each guarantee costs in the crash what it allows, and nothing else. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

async function run(args: readonly string[]): Promise<{ readonly output: string; readonly exitCode: number | null }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/orders/demo.ts', ...args], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { output, exitCode };
}

/** The figures of a row of the last table: orders, lost, repeated. */
function row(output: string, guarantee: string): number[] {
  const cells = new RegExp(`│ ${guarantee} +│ (\\d+) +│ (\\d+) +│ (\\d+) `).exec(output);
  return (cells ?? []).slice(1).map(Number);
}

it('shows what each guarantee loses or repeats when a tracker is killed', { timeout: 300_000 }, async () => {
  const { output, exitCode } = await run(['--orders', '300']);
  expect(exitCode, output).toBe(0);
  const [atMostOnce, atLeastOnce, exactlyOnce] = ['at-most-once', 'at-least-once', 'exactly-once'].map((name) => row(output, name));
  expect(atMostOnce).toEqual([300, expect.any(Number), 0]);
  expect(atMostOnce?.[1]).toBeGreaterThan(0);
  expect(atLeastOnce).toEqual([300, 0, expect.any(Number)]);
  expect(atLeastOnce?.[2]).toBeGreaterThan(0);
  expect(exactlyOnce).toEqual([300, 0, 0]);
  expect(output.match(/tracker-2 +is killed with \d+ orders in hand/g)).toHaveLength(3);
  // The two that are left have all six partitions between them.
  expect(output.match(/tracker-[13] +has partitions \d, \d, \d\n/g)?.length).toBeGreaterThanOrEqual(6);
});
