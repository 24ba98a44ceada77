import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import { Harness } from '../engine/harness.ts';

const module = (name: string) => new URL(`${name}-topology.ts`, import.meta.url).href;

/** Each ends the process with exit code 1 and one message that names the thing; none hangs. */
describe('bad input to an application', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.start(['wide', 'out', 'json'], 4);
    await harness.kafka.createTopics([{ topic: 'narrow', partitions: 2, replicationFactor: 1, config: {} }]);
  });
  afterAll(() => harness.close());

  it('an input topic that does not exist', async () => {
    const app = harness.launch(new URL('../engine/count-topology.ts', import.meta.url).href, { applicationId: 'missing' });
    const { code, error } = await app.line((line) => line.error !== undefined);
    expect(code).toBe('MISSING_TOPIC');
    expect(error).toContain('"input"');
    expect(await app.exited).toBe(1);
  });

  it('partition counts that do not match for a join', async () => {
    const app = harness.launch(module('join'), { applicationId: 'mismatch' });
    const { code, error } = await app.line((line) => line.error !== undefined);
    expect(code).toBe('PARTITION_MISMATCH');
    for (const part of ['narrow', 'wide', '2', '4']) expect(error).toContain(part);
    expect(await app.exited).toBe(1);
  });

  it('a value that the serde cannot read: topic, partition and offset', async () => {
    await harness.produce('json', [['a', 'not json']]);
    const app = harness.launch(module('failing'), { applicationId: 'serde' });
    const { code, error } = await app.line((line) => line.error !== undefined);
    expect(code).toBe('DESERIALIZATION_FAILED');
    expect(error).toMatch(/json/);
    expect(await app.exited).toBe(1);
  });

  it('a user function that throws: node, topic, partition and offset', async () => {
    const fresh = await Harness.start(['json', 'out'], 1);
    try {
      await fresh.produce('json', [
        ['a', '{}'],
        ['b', '{"fail":true}'],
      ]);
      const app = fresh.launch(module('failing'), { applicationId: 'throws' });
      const { code, error } = await app.line((line) => line.error !== undefined);
      expect(code).toBe('PROCESSING_FAILED');
      for (const part of ['check', 'json', 'the function failed']) expect(error).toContain(part);
      expect(error).toMatch(/offset 1\b|json-0@1|json-0 offset 1/);
      expect(await app.exited).toBe(1);
    } finally {
      await fresh.close();
    }
  });

  it('a port in use', async () => {
    const port = Number(harness.bootstrapServers.split(':').at(-1));
    await expect(Broker.start({ port })).rejects.toMatchObject({ code: 'PORT_IN_USE', message: expect.stringContaining(String(port)) });
  });
});
