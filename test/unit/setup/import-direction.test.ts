import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What the dependency linter says about a tree with these files. */
function lint(files: Record<string, string>): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'millrace-imports-'));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  const args = [
    path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
    '--config',
    path.join(root, '.dependency-cruiser.cjs'),
    'src',
  ];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  return stdout + stderr;
}

test('imports against the direction are caught, also of types alone', () => {
  const said = lint({
    'src/errors.ts': 'export const error = 1;',
    'src/protocol/a.ts': "import { b } from '../broker/b.ts';\nexport const a = b;",
    'src/broker/b.ts': "import { error } from '../errors.ts';\nexport const b = error;",
    'src/serde/c.ts': "import type { S } from '../state/s.ts';\nexport type C = S;",
    'src/state/s.ts': 'export type S = number;',
  });
  expect(said).toMatch(/protocol-imports: src\/protocol\/a\.ts → *\n? *src\/broker\/b\.ts/);
  expect(said).toMatch(/serde-imports: src\/serde\/c\.ts → *\n? *src\/state\/s\.ts/);
  expect(said).toContain('2 dependency violations');
});

test('imports along the direction are fine', () => {
  const said = lint({
    'src/errors.ts': 'export const error = 1;',
    'src/protocol/a.ts': "import { error } from '../errors.ts';\nexport const a = error;",
    'src/broker/b.ts': "import { a } from '../protocol/a.ts';\nexport const b = a;",
  });
  expect(said).toContain('no dependency violations');
});
