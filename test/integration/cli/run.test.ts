import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, millrace, run } from './command.ts';

const JOB = 'examples/flights-etl';
const ROWS = 20_000;

/** Two of the first 20,000 rows are spoiled on the way in. */
const CHECKED = `checked: ${ROWS} flights in, 2 dead letters, ${ROWS - 2} counted by airport-days, ${ROWS - 2} by routes`;

describe('millrace run', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-cli-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(['exactly_once_v2', 'at_least_once', 'at_most_once'])('runs the flights job %s and checks its result', async (guarantee) => {
    const { code, stdout, stderr } = await millrace(['run', JOB, '--rows', String(ROWS), '--guarantee', guarantee, '--threads', '2']);
    expect(stderr).toContain('embedded broker at');
    expect(stdout).toContain(CHECKED);
    expect(stdout).toMatch(/worst mean delay/);
    expect(stdout).toMatch(/busiest route/);
    expect(stdout).toMatch(/dead letter: .*delay "late" is not a number/);
    expect(code).toBe(0);
  });

  it('resumes on kept data and counts nothing twice', async () => {
    const args = ['run', JOB, '--rows', String(ROWS), '--data', join(directory, 'kept')];
    const first = await millrace(args, /input [1-9]|processed/);
    expect([0, 130]).toContain(first.code);
    const second = await millrace(args);
    expect(second.stdout).toContain(CHECKED);
    const third = await millrace(args);
    expect(third.stdout).toContain(CHECKED);
    expect(third.code).toBe(0);
  });

  it('stops on Ctrl-C without an error', async () => {
    const { code, stderr } = await millrace(['run', JOB, '--rows', '2000000'], /loading flights/);
    expect(stderr).toContain('committing and stopping');
    expect(stderr).not.toContain('error');
    expect(code).toBe(130);
  });
});

describe('bad input to the command', () => {
  const says = (result: CommandResult, code: string, ...parts: string[]) => fails(1, result, code, ...parts);
  const fails = (exitCode: number, result: CommandResult, ...parts: string[]) => {
    for (const part of parts) expect(result.stderr).toContain(part);
    expect(result.stderr).not.toMatch(/\n\s+at .*\.ts:\d+/);
    expect(result.code).toBe(exitCode);
  };
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-bad-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const module = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };

  it('an unknown option is named, with the one that was meant', async () => {
    fails(2, await millrace(['run', JOB, '--rowz', '5']), "unknown option '--rowz'", '--rows');
  });

  it('a number out of range', async () => {
    fails(2, await millrace(['run', JOB, '--rows', '0']), '--rows', 'whole number from 1 to 3000000');
    fails(2, await millrace(['run', JOB, '--threads', 'many']), '--threads', 'whole number');
  });

  it('an unknown engine option', async () => {
    says(await millrace(['run', JOB, '--set', 'commit.interval=5']), 'INVALID_CONFIG', 'commit.interval', 'commit.interval.ms');
  });

  it('an unreachable broker is named', async () => {
    says(
      await millrace(['run', JOB, '--bootstrap', '127.0.0.1:1', '--set', 'request.timeout.ms=2000']),
      'BROKER_UNREACHABLE',
      '127.0.0.1:1',
    );
  });

  it('a data directory that cannot be', async () => {
    says(await millrace(['run', JOB, '--rows', '10', '--data', '/dev/null/data']), 'DATA_DIR_UNUSABLE', '/dev/null/data');
    expect(existsSync('/dev/null/data')).toBe(false);
  });

  it('a data directory together with a cluster', async () => {
    says(await millrace(['run', JOB, '--bootstrap', '127.0.0.1:1', '--data', directory]), 'INVALID_CONFIG', '--data', '--bootstrap');
  });

  it('a path that does not exist, or holds no job', async () => {
    says(await millrace(['run', 'no/such/file.ts']), 'TOPOLOGY_LOAD_FAILED', 'no/such/file.ts');
    says(await millrace(['run', directory]), 'TOPOLOGY_LOAD_FAILED', 'job.ts');
  });

  it('a program that waits for itself says so instead of hanging', async () => {
    const program = `import { isMainThread } from 'node:worker_threads';
      import { KafkaStreams, StreamsBuilder } from 'millrace';
      export default new StreamsBuilder();
      if (isMainThread) await new KafkaStreams(import.meta.url, { applicationId: 'a', bootstrapServers: '127.0.0.1:1' }).start();`;
    const inside = mkdtempSync(join('test', '.self-'));
    try {
      writeFileSync(join(inside, 'self.ts'), program);
      const { code, stderr } = await run(['--import', 'tsx', join(inside, 'self.ts')]);
      expect(stderr).toContain('{ module: import.meta.url }');
      expect(code).toBe(1);
    } finally {
      rmSync(inside, { recursive: true });
    }
  });

  it('a module that throws, and one that exports the wrong thing', async () => {
    says(
      await millrace(['run', module('throws.mjs', 'throw new Error("broken on purpose");')]),
      'TOPOLOGY_LOAD_FAILED',
      'broken on purpose',
    );
    says(await millrace(['run', module('wrong.mjs', 'export default 42;')]), 'TOPOLOGY_LOAD_FAILED', 'wrong.mjs', 'StreamsBuilder');
  });
});
