import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { Harness } from '../engine/harness.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let harness: Harness | undefined;
let directory: string | undefined;

afterEach(async () => {
  await harness?.close();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
});

it("the README's word count runs as it is printed", async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const program = /<!-- word-count.*?-->\s*```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  expect(program).toContain('KafkaStreams');
  // Inside the package, so that `millrace` is found as in a user's project.
  directory = mkdtempSync(join(root, 'test', '.readme-'));
  const file = join(directory, 'word-count.ts');
  writeFileSync(file, program);

  harness = await Harness.start(['lines', 'counts'], 2);
  await harness.produce('lines', [
    ['a', 'All streams lead to Kafka'],
    ['b', 'Hello Kafka streams'],
    ['c', 'join Kafka summit'],
  ]);
  const app = harness.run(file, [harness.bootstrapServers]);
  const count = (word: string) =>
    harness!.table('counts', (value) => Number(Buffer.from(value).readBigInt64BE())).then((table) => table.get(word));
  await expect.poll(() => count('kafka'), { timeout: 60_000, interval: 250 }).toBe(3);
  expect(await count('streams')).toBe(2);
  expect(await count('summit')).toBe(1);
  expect(await app.stop()).toBe(0);
});
