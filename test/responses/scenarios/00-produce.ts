import { Produce, updateBatchCrc } from '../../../src/protocol/index.ts';
import { COMPRESSED_BATCHES } from '../compressed-batches.ts';
import { MADE_UP_PRODUCER_ID } from '../normalise.ts';
import { batch, keyless, makeProducer, makeTopic, produceRequest } from '../preparation.ts';
import { type Scenario, type Talk, versionsOf } from '../talk.ts';

/** Versions that the schema can read and Kafka no longer takes. */
const FIRST_TAKEN_VERSION = 3;
const FIRST_TOPIC_ID_VERSION = 13;
const UNKNOWN_ID = Buffer.alloc(16, 7);

/** The same request by name or by id, as the version wants it. */
function requestIn(version: number, name: string, topicId: Buffer, records: Buffer | null, acks = -1, index = 0) {
  const partitionData = [{ index, records }];
  const topic = version >= FIRST_TOPIC_ID_VERSION ? { topicId, partitionData } : { name, partitionData };
  return { transactionalId: null, acks, timeoutMs: 5_000, topicData: [topic] };
}

export const produce: Scenario = {
  name: '00-produce',
  async run(talk) {
    for (const version of versionsOf(Produce, FIRST_TAKEN_VERSION)) await everyVersion(talk, version);
    await refusedBatches(talk);
    await idempotence(talk);
    await configsOfTopics(talk);
  },
};

async function everyVersion(talk: Talk, version: number): Promise<void> {
  const name = `produce-${version}`;
  const id = await makeTopic(talk, name);
  const call = (step: string, records: Buffer | null, acks?: number, index?: number) =>
    talk.ask(step, Produce, version, requestIn(version, name, id, records, acks, index));
  await call('a first batch', batch(['a', 'b', null]));
  await call('a second batch, acks=1', batch(['c']), 1);
  await call('another partition', batch(['d']), -1, 1);
  for (const [codec, hex] of Object.entries(COMPRESSED_BATCHES)) await call(codec, Buffer.from(hex, 'hex'));
  await call('a partition that is not there', batch(['f']), -1, 7);
  await call('a negative partition', batch(['f']), -1, -1);
  await call('acks=2', batch(['g']), 2);
  await call('empty records', Buffer.alloc(0));
  await talk.ask('an unknown topic', Produce, version, requestIn(version, 'produce-nowhere', UNKNOWN_ID, batch(['h'])));
  await talk.ask('an invalid topic name', Produce, version, requestIn(version, 'no such/topic', Buffer.alloc(16), batch(['h'])));
  await talk.ask('no topics', Produce, version, { transactionalId: null, acks: -1, timeoutMs: 1_000, topicData: [] });
}

async function refusedBatches(talk: Talk): Promise<void> {
  const name = 'produce-refused';
  await makeTopic(talk, name);
  const versions = [3, 8, 9, 12];
  for (const version of versions) {
    const call = (step: string, records: Buffer) => talk.ask(step, Produce, version, produceRequest(name, records));
    const changed = (change: (bytes: Buffer) => void, fixCrc = true): Buffer => {
      const bytes = Buffer.from(batch(['x', 'y']));
      change(bytes);
      if (fixCrc) updateBatchCrc(bytes, 0);
      return bytes;
    };
    await call(
      'a wrong CRC',
      changed((bytes) => bytes.writeUInt8(0xff, bytes.length - 1), false),
    );
    await call(
      'magic 1',
      changed((bytes) => bytes.writeInt8(1, 16)),
    );
    await call(
      'magic 3',
      changed((bytes) => bytes.writeInt8(3, 16)),
    );
    await call(
      'a control batch',
      changed((bytes) => bytes.writeInt16BE(0x20, 21)),
    );
    await call(
      'more offsets than records',
      changed((bytes) => bytes.writeInt32BE(5, 23)),
    );
    await call(
      'fewer offsets than records',
      changed((bytes) => bytes.writeInt32BE(0, 23)),
    );
    await call(
      'a record count that is too high',
      changed((bytes) => {
        bytes.writeInt32BE(3, 57);
        bytes.writeInt32BE(2, 23);
      }),
    );
    await call('no records', batch([]));
    await call('two batches', Buffer.concat([batch(['a']), batch(['b'])]));
    await call('half a batch', batch(['a', 'b']).subarray(0, 60));
    await call(
      'a length past the end',
      changed((bytes) => bytes.writeInt32BE(bytes.length, 8)),
    );
    await call(
      'an unknown codec',
      changed((bytes) => bytes.writeInt16BE(5, 21)),
    );
    await call('a timestamp far ahead', batch(['f'], {}, 32_503_680_000_000));
    await call('a producer without a sequence', batch(['f'], { producerId: MADE_UP_PRODUCER_ID, producerEpoch: 0, baseSequence: -1 }));
    await call(
      'a transactional batch without a transactional id',
      batch(['f'], { producerId: MADE_UP_PRODUCER_ID, producerEpoch: 0, baseSequence: 0, transactional: true }),
    );
  }
}

async function idempotence(talk: Talk): Promise<void> {
  const name = 'produce-idempotent';
  const id = await makeTopic(talk, name);
  for (const version of [3, 9, 11, 12, 13]) {
    const { producerId } = await makeProducer(talk, null);
    const call = (step: string, baseSequence: number, values: readonly string[], producerEpoch = 0) =>
      talk.ask(step, Produce, version, requestIn(version, name, id, batch(values, { producerId, producerEpoch, baseSequence })));
    for (const sequence of [0, 2, 4, 6, 8, 10, 12]) await call(`sequence ${sequence}`, sequence, ['a', 'b']);
    await call('the last batch again', 12, ['a', 'b']);
    await call('the fifth last batch again', 4, ['a', 'b']);
    await call('a batch before the window again', 2, ['a', 'b']);
    await call('a part of a batch again', 12, ['a']);
    await call('a gap', 20, ['c']);
    await call('an epoch more, from 0', 0, ['d'], 1);
    await call('an epoch less', 14, ['e'], 0);
    await call('a new epoch, not from 0', 3, ['f'], 2);
    const unknown = await makeProducer(talk, null);
    const first = { ...unknown, baseSequence: 17 };
    await talk.ask('an unknown producer in the middle', Produce, version, requestIn(version, name, id, batch(['g'], first)));
  }
}

async function configsOfTopics(talk: Talk): Promise<void> {
  await makeTopic(talk, 'produce-append-time', 1, { 'message.timestamp.type': 'LogAppendTime' });
  await makeTopic(talk, 'produce-compacted', 1, { 'cleanup.policy': 'compact' });
  await makeTopic(talk, 'produce-small', 1, { 'max.message.bytes': '100' });
  await makeTopic(talk, 'produce-late', 1, { 'message.timestamp.before.max.ms': '1000' });
  await makeTopic(talk, 'produce-zstd', 1, { 'compression.type': 'zstd' });
  for (const version of [3, 8, 10, 12]) {
    const call = (step: string, name: string, records: Buffer) => talk.ask(step, Produce, version, produceRequest(name, records));
    await call('log append time', 'produce-append-time', batch(['a', 'b']));
    await call('compacted, with keys', 'produce-compacted', batch(['a', 'b']));
    await call('compacted, without keys', 'produce-compacted', keyless(['a', 'b']));
    await call('over the limit of the topic', 'produce-small', batch(['x'.repeat(200)]));
    await call('too old for the topic', 'produce-late', batch(['x']));
    await call('compressed by the broker', 'produce-zstd', batch(['x'.repeat(300)]));
  }
}
