import { afterEach, expect, it } from 'vitest';
import { resolveConfig } from '../../../src/config.ts';
import { batchCompression, COMPRESSION_NAMES, validateBatchCrc } from '../../../src/protocol/index.ts';
import { createTransport } from '../../../src/transport/create.ts';
import { Harness } from './harness.ts';

const TOPOLOGY = new URL('count-topology.ts', import.meta.url).href;
const RECORDS = 2_000;
const WORDS = 10;
const decodeLong = (value: Uint8Array) => Number(Buffer.from(value).readBigInt64BE());

let harness: Harness | undefined;
afterEach(() => harness?.close());

/** Codecs of the batches of a topic as the broker has them. */
async function codecsOf({ bootstrapServers, prefix }: Harness, topic: string): Promise<Set<string>> {
  const config = resolveConfig({ applicationId: 'test-reader', bootstrapServers, transport: 'wire' });
  const transport = await createTransport(config, 'test', { onError: () => {}, onLog: () => {} });
  const codecs = new Set<string>();
  try {
    await transport.connect(30_000);
    const reader = await transport.openReader('test');
    const partition = { topic: prefix + topic, partition: 0 };
    const [end] = await transport.admin.listOffsets([partition], 'latest');
    await reader.assign([{ ...partition, offset: 0 }]);
    while (reader.position(partition) < end!.offset) {
      for (const { bytes } of await reader.poll(100)) {
        expect(validateBatchCrc(bytes, 0)).toBe(true);
        codecs.add(COMPRESSION_NAMES[batchCompression(bytes, 0)]!);
      }
    }
  } finally {
    await transport.close();
  }
  return codecs;
}

it.each(['lz4', 'zstd'])('over wire the shards compress what they write with %s, and read it again', async (codec) => {
  harness = await Harness.start(['input', 'copies', 'counts'], 1, undefined, 'wire');
  const app = harness.launch(TOPOLOGY, {
    processingGuarantee: 'exactly_once_v2',
    numStreamThreads: 2,
    producer: { 'compression.type': codec },
  });
  await app.running();
  await harness.produce(
    'input',
    Array.from({ length: RECORDS }, (_, index) => [`k${index % 31}`, `word${index % WORDS}`]),
  );
  await app.caughtUp();
  expect(await app.stop()).toBe(0);
  expect(await harness.table('counts', decodeLong)).toEqual(
    new Map(Array.from({ length: WORDS }, (_, word) => [`word${word}`, RECORDS / WORDS])),
  );
  expect(await harness.count('copies')).toBe(RECORDS);
  expect(await codecsOf(harness, 'copies')).toEqual(new Set([codec]));
});
