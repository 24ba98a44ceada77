import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/broker/log/index.ts';
import { MetadataLog, type MetadataRecord } from '../../../src/broker/metadata-log.ts';

const topic = (name: string): MetadataRecord => ({
  type: 'topic',
  name,
  id: 'AAAAAAAAAAAAAAAAAAAAAA',
  replicas: [[1]],
  config: { 'retention.ms': '1' },
  internal: false,
});

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  file = join(directory, 'millrace-metadata.log');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function written(...records: MetadataRecord[]): void {
  const log = new MetadataLog(nodeFileSystem, directory, false);
  log.start([]);
  for (const record of records) log.append(record);
  log.close();
}

const read = () => new MetadataLog(nodeFileSystem, directory, false).read();

describe('MetadataLog', () => {
  it('gives back what was appended', () => {
    const deleted: MetadataRecord = { type: 'topic-deleted', name: 'a', id: 'x' };
    written(topic('a'), topic('ü'), deleted);
    expect(read()).toEqual({ records: [topic('a'), topic('ü'), deleted], incomplete: false });
  });

  it('a snapshot takes the place of everything before', () => {
    written(topic('a'), topic('b'));
    const log = new MetadataLog(nodeFileSystem, directory, true);
    log.start([topic('c')]);
    log.append(topic('d'));
    log.close();
    expect(read().records).toEqual([topic('c'), topic('d')]);
  });

  it('a write that was cut short was never acknowledged: all before it is there', () => {
    written(topic('a'), topic('b'));
    const content = readFileSync(file);
    for (let cut = 1; cut < 20; cut++) {
      writeFileSync(file, content.subarray(0, content.length - cut));
      // Whether it was that, or somebody cut the file, cannot be known: whoever reads it looks what else is there.
      expect(read()).toEqual({ records: [topic('a')], incomplete: true });
    }
  });

  it('says so when a line is damaged', () => {
    written(topic('a'), topic('b'), topic('c'));
    const content = readFileSync(file, 'utf8').replace('"name":"b"', '"name":"x"');
    writeFileSync(file, content);
    expect(read()).toEqual({ records: [topic('a'), topic('c')], incomplete: true });
    appendFileSync(file, 'garbage\n');
    expect(read().records).toEqual([topic('a'), topic('c')]);
  });

  it('says so when records of the snapshot are missing', () => {
    const log = new MetadataLog(nodeFileSystem, directory, false);
    log.start([topic('a'), topic('b')]);
    log.close();
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, `${lines.slice(0, 2).join('\n')}\n`);
    expect(read()).toEqual({ records: [topic('a')], incomplete: true });
    writeFileSync(file, '');
    expect(read()).toEqual({ records: [], incomplete: true });
  });

  it('says so when there is no file', () => {
    expect(read()).toEqual({ records: [], incomplete: true });
  });
});
