import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import { Metadata } from '../../../src/protocol/index.ts';
import { WireClient } from './wire-client.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each([{ thread: true }, { thread: false }])('Broker.start with thread: $thread', ({ thread }) => {
  const start = (options: Parameters<typeof Broker.start>[0] = {}) => Broker.start({ logLevel: 'silent', ...options, thread });

  it('serves clients until it is closed, and its temporary directory goes with it', async () => {
    const broker = await start();
    expect(broker.bootstrapServers).toBe(`127.0.0.1:${broker.port}`);
    expect(existsSync(broker.dataDir)).toBe(true);
    const client = await WireClient.connect(broker.port);
    const metadata = await client.send(Metadata, 9, { topics: [] });
    expect(metadata).toMatchObject({ clusterId: broker.clusterId, controllerId: 1, brokers: [{ nodeId: 1, port: broker.port }] });
    await broker.close();
    await client.closed;
    await expect(WireClient.connect(broker.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(existsSync(broker.dataDir)).toBe(false);
    await broker.close();
  });

  it('does what it is asked for while it runs', async () => {
    const broker = await start({ nodes: 2 });
    await broker.stopNode(2);
    await expect(WireClient.connect(broker.ports[1]!)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(broker.stopNode(2)).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'INVALID_STATE',
      message: expect.stringContaining('Node 2'),
    });
    await broker.startNode(2);
    const client = await WireClient.connect(broker.ports[1]!);
    await client.close();
    await broker.close();
    await expect(broker.stopNode(1)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  it('names the port that is in use and leaves nothing behind', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const dataDir = join(directory, `in-use-${thread}`);
    await expect(start({ port, dataDir })).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'PORT_IN_USE',
      message: expect.stringMatching(new RegExp(`Port ${port} .*in use.*choose another port`)),
    });
    await new Promise((resolve) => taken.close(resolve));
    // The lock on the directory was given back.
    const broker = await start({ port, dataDir });
    await broker.close();
  });

  it('names the directory that cannot be used', async () => {
    const file = join(directory, `file-${thread}`);
    writeFileSync(file, '');
    await expect(start({ dataDir: join(file, 'below') })).rejects.toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
      message: expect.stringContaining(file),
    });
  });

  it.skipIf(process.getuid?.() === 0)('names the directory that cannot be written', async () => {
    const readOnly = mkdtempSync(join(directory, 'read-only-'));
    chmodSync(readOnly, 0o500);
    await expect(start({ dataDir: readOnly })).rejects.toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
      message: expect.stringContaining(readOnly),
    });
  });

  it('refuses a directory that another broker is using', async () => {
    const dataDir = join(directory, `shared-${thread}`);
    const broker = await start({ dataDir });
    await expect(start({ dataDir })).rejects.toMatchObject({ code: 'DATA_DIR_UNUSABLE', message: expect.stringContaining('in use') });
    await broker.close();
  });

  it.each([
    [{ port: 70_000 }, 'port'],
    [{ nodes: 0 }, 'nodes'],
    [{ ports: [1, 2], nodes: 3 }, 'ports'],
    [{ port: 65_535, nodes: 2 }, 'port'],
    [{ defaultPartitions: 0.5 }, 'defaultPartitions'],
    [{ flushPolicy: 'sometimes' as 'none' }, 'flushPolicy'],
    [{ config: { 'num.partitions': 'many' } }, 'num.partitions'],
    [{ config: { 'num.partitions': 3 } as unknown as Record<string, string> }, 'num.partitions'],
    [{ host: '203.0.113.1' }, '203.0.113.1'],
  ])('refuses %j and names what is wrong', async (options, name) => {
    await expect(start(options)).rejects.toMatchObject({ code: 'INVALID_CONFIG', message: expect.stringContaining(name) });
  });
});

it('refuses to take functions into another thread', async () => {
  const clock = { nowMs: () => 0, after: () => () => undefined };
  await expect(Broker.start({ clock, thread: true })).rejects.toMatchObject({
    code: 'INVALID_CONFIG',
    message: expect.stringContaining('thread: false'),
  });
});
