import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { millrace } from './command.ts';
import { Tour } from './tour.ts';

let tour: Tour;
let directory: string;
let topic: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-cli-bad-'));
  tour = await Tour.start();
  topic = tour.name('bad');
  await tour.run(['topics', 'create', topic, '--partitions', '2']);
});
afterAll(async () => {
  await tour.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('bad input', () => {
  it('a topic that is not there is named, with what helps', async () => {
    const missing = tour.name('missing');
    await tour.fails(1, ['produce', missing, '--no-create'], [missing, 'does not exist', `millrace topics create ${missing}`], 'x\n');
    await tour.fails(1, ['consume', missing, '--exit'], [missing, 'does not exist']);
    await tour.fails(1, ['topics', 'describe', missing], [missing, 'UNKNOWN_TOPIC_OR_PARTITION']);
    await tour.fails(1, ['topics', 'delete', missing], [missing]);
    await tour.run(['topics', 'delete', missing, '--if-exists']);
    await tour.fails(1, ['offsets', missing], [missing, 'does not exist']);
    await tour.fails(1, ['groups', 'describe', missing], [missing, 'GROUP_ID_NOT_FOUND']);
  });

  it('a malformed line is named by its number; those before it are written', async () => {
    const [good, bad] = ['{"value":"good"}\n', 'no json\n'];
    await tour.fails(1, ['produce', topic, '--json'], ['Line 3 of stdin', 'not JSON', '--skip-errors'], `${good}${good}${bad}${good}`);
    const file = join(directory, 'lines.jsonl');
    writeFileSync(file, `${good}{"key":"no value"}\n`);
    await tour.fails(1, ['produce', topic, '--json', '--file', file], [`Line 2 of ${file}`, 'no "value"']);
    await tour.fails(1, ['produce', topic, '-K', ':'], ['Line 2 of stdin', 'no key'], 'a:b\nc\n');
    await tour.fails(1, ['produce', topic, '--value-format', 'int'], ['Line 1 of stdin', '"many" is not a int'], 'many\n');
    await tour.fails(1, ['produce', topic, '--json'], ['Line 1 of stdin', 'the topic has 2 partitions'], '{"value":"x","partition":2}\n');
    const { code, stderr } = await tour.try(['produce', topic, '--json', '--skip-errors', '-p', '0'], {
      input: `${bad}{"value":"last"}\n`,
    });
    expect(stderr).toContain('Line 1 of stdin');
    expect(code).toBe(0);
    expect(await tour.run(['consume', topic, '-p', '0', '-o', '-1', '--exit'])).toBe('last\n');
  });

  it('a record that cannot be shown is named by its offset', async () => {
    const numbers = tour.name('numbers');
    await tour.run(['topics', 'create', numbers]);
    await tour.run(['produce', numbers], 'ab\n12345678\n');
    await tour.fails(1, ['consume', numbers, '--exit', '--value-format', 'long'], [`offset 0 of ${numbers}-0`, '2 bytes']);
    const { code, stdout, stderr } = await tour.try(['consume', numbers, '--exit', '--value-format', 'long', '--skip-errors']);
    expect(stderr).toContain(`offset 0 of ${numbers}-0`);
    expect(stdout).toBe('3544952156018063160\n');
    expect(code).toBe(0);
  });

  it('a broker that cannot be reached is named', async () => {
    const { stderr, code } = await millrace(['topics', 'list', '-b', '127.0.0.1:1', '--connect-timeout', '300']);
    expect(stderr).toContain('127.0.0.1:1');
    expect(stderr).toContain('BROKER_UNREACHABLE');
    expect(stderr).toContain('--bootstrap');
    expect(code).toBe(1);
  });

  it('what the broker refuses is told in its words', async () => {
    await tour.fails(1, ['topics', 'create', topic], [topic, 'already exists']);
    await tour.fails(1, ['topics', 'create', 'not a name'], ['INVALID_TOPIC_EXCEPTION']);
    await tour.fails(1, ['topics', 'create', tour.name('x'), '-c', 'retention.mss=1'], ['retention.mss']);
    await tour.fails(1, ['topics', 'alter', topic, '--partitions', '1'], ['INVALID_PARTITIONS']);
    await tour.fails(1, ['configs', 'alter', 'topic', topic, '--set', 'retention.ms=long'], ['retention.ms']);
  });

  it('wrong usage ends with code 2 and says what is right', async () => {
    await tour.fails(2, ['topics'], ['create, list, describe']);
    await tour.fails(2, ['topics', 'make'], ['millrace topics make', 'create, list']);
    await tour.fails(2, ['topics', 'create'], ['needs the name of a topic']);
    await tour.fails(2, ['topics', 'create', 'a', '--partitons', '2'], ["unknown option '--partitons'", '--partitions']);
    await tour.fails(2, ['topics', 'alter', topic], ['Nothing to alter']);
    await tour.fails(2, ['consume'], ['needs the name of a topic']);
    await tour.fails(2, ['consume', topic, '--offset', 'somewhere'], ['--offset', 'beginning, end']);
    await tour.fails(2, ['consume', topic, '--from-beginning', '--offset', '5'], ['one place to begin']);
    await tour.fails(2, ['consume', topic, '--group', 'g', '--partition', '0'], ['--partition', '--group']);
    await tour.fails(2, ['consume', topic, '--format', '%x'], ['%x']);
    await tour.fails(2, ['produce', topic, '--acks', '1', '--transactional-id', 't'], ['--acks all'], 'x\n');
    await tour.fails(2, ['groups', 'reset-offsets', 'g', '--topic', topic], ['--to-earliest']);
    await tour.fails(2, ['groups', 'reset-offsets', 'g', '--to-latest'], ['--topic or --all-topics']);
    await tour.fails(2, ['configs', 'describe', 'topics'], ['Name the topic']);
    await tour.fails(2, ['acls', 'add', '--topic', topic, '--allow-principal', 'alice'], ['User:alice']);
    const unknown = await millrace(['topic', 'list']);
    expect(unknown.stderr).toMatch(/unknown command 'topic'[\s\S]*topics/);
    expect(unknown.code).toBe(2);
  });
});
