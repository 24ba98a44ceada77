import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { holdLock } from '../../../scripts/setup/lock.mjs';
import { fakeEnvironment } from './fake-environment.ts';

test('two set-ups of one clone run one after the other', async () => {
  const environment = fakeEnvironment();
  const events: string[] = [];
  const work = (name: string) => async () => {
    events.push(`${name} starts`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    events.push(`${name} ends`);
  };
  await Promise.all([holdLock(environment, work('a')), holdLock(environment, work('b'))]);
  expect(events).toEqual(['a starts', 'a ends', 'b starts', 'b ends']);
  expect(environment.said).toHaveLength(1);
});

test('the lock of a process that is gone is taken over', async () => {
  const environment = fakeEnvironment();
  const gone = 2 ** 22 + 1; // above the largest process id of Linux
  fs.writeFileSync(path.join(environment.root, '.millrace-setup.lock'), String(gone));
  let ran = false;
  await holdLock(environment, async () => {
    ran = true;
  });
  expect(ran).toBe(true);
});

test('work that fails frees the lock', async () => {
  const environment = fakeEnvironment();
  await expect(holdLock(environment, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(fs.readdirSync(environment.root)).not.toContain('.millrace-setup.lock');
});
