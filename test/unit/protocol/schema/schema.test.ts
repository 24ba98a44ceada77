import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  AddPartitionsToTxn,
  ApiVersions,
  ConsumerProtocolSubscription,
  CreateTopics,
  DescribeTopicPartitions,
  decodeRequest,
  decodeResponse,
  decodeVersioned,
  encodeRequest,
  encodeResponse,
  encodeResponseParts,
  encodeVersioned,
  Fetch,
  INT64_MAX,
  Metadata,
  type Produce,
  type RequestInput,
  type RequestOf,
  type ResponseOf,
  SaslHandshake,
} from '../../../../src/protocol/index.ts';

describe('types inferred from the tables', () => {
  it('decoded messages have every field, inputs only what has no default', () => {
    type Topic = RequestOf<typeof Fetch>['topics'][number];
    expectTypeOf<Topic['topicId']>().toEqualTypeOf<Buffer>();
    expectTypeOf<Topic['partitions'][number]['fetchOffset']>().toEqualTypeOf<number>();
    expectTypeOf<RequestOf<typeof Metadata>['topics']>().toExtend<{ name: string | null }[] | null>();
    expectTypeOf<ResponseOf<typeof Fetch>['responses'][number]['partitions'][number]['records']>().toEqualTypeOf<Buffer | null>();
    expectTypeOf<{ groupInstanceId: string }>().not.toExtend<RequestInput<typeof Fetch>>();
    expectTypeOf<{ acks: number; timeoutMs: number; topicData: [] }>().toExtend<RequestInput<typeof Produce>>();
    expectTypeOf<{ acks: number; timeoutMs: number }>().not.toExtend<RequestInput<typeof Produce>>();
    expectTypeOf<RequestOf<typeof DescribeTopicPartitions>['cursor']>().toEqualTypeOf<{
      topicName: string;
      partitionIndex: number;
    } | null>();
    // What was decoded can be encoded.
    expectTypeOf<RequestOf<typeof Fetch>>().toExtend<RequestInput<typeof Fetch>>();
    expect(decodeRequest(SaslHandshake, 1, encodeRequest(SaslHandshake, 1, { mechanism: 'PLAIN' })).mechanism).toBe('PLAIN');
  });
});

describe('bytes written by hand from the format description', () => {
  it('Metadata v9 request: compact array and strings, tagged fields', () => {
    const body = {
      topics: [{ name: 'ab' }],
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: true,
    };
    expect(encodeRequest(Metadata, 9, body).toString('hex')).toBe('02' + '03' + '6162' + '00' + '01' + '00' + '01' + '00');
    expect(encodeRequest(Metadata, 9, { ...body, topics: null }).toString('hex')).toBe('00' + '010001' + '00');
  });

  it('ApiVersions v3 response: tagged fields only where they are not the default', () => {
    const bytes = encodeResponse(ApiVersions, 3, {
      errorCode: 0,
      apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
      finalizedFeaturesEpoch: 5,
      finalizedFeatures: [{ name: 'f', maxVersionLevel: 2, minVersionLevel: 1 }],
    });
    expect(bytes.toString('hex')).toBe(
      '0000' +
        '02' +
        '0012' +
        '0000' +
        '0004' +
        '00' +
        '00000000' +
        '02' +
        '01' +
        '08' +
        '0000000000000005' +
        '02' +
        '08' +
        '02' +
        '0266' +
        '0002' +
        '0001' +
        '00',
    );
  });

  it('a nullable struct has a byte before it', () => {
    const body = { topics: [], responsePartitionLimit: 10, cursor: { topicName: 't', partitionIndex: 7 } };
    expect(encodeRequest(DescribeTopicPartitions, 0, body).toString('hex')).toBe(
      '01' + '0000000a' + '01' + '0274' + '00000007' + '00' + '00',
    );
    expect(encodeRequest(DescribeTopicPartitions, 0, { ...body, cursor: null }).toString('hex')).toBe('01' + '0000000a' + 'ff' + '00');
  });
});

describe('versions', () => {
  it('fields that a version lacks decode to their default', () => {
    const request = decodeRequest(Fetch, 4, encodeRequest(Fetch, 4, { maxWaitMs: 1, minBytes: 2, topics: [] }));
    expect(request).toMatchObject({
      clusterId: null,
      sessionEpoch: -1,
      maxBytes: 0x7fffffff,
      forgottenTopicsData: [],
      rackId: '',
      replicaState: { replicaId: -1, replicaEpoch: -1 },
    });
    const partition = { partition: 0, fetchOffset: 1, partitionMaxBytes: 2 };
    const one = decodeRequest(
      Fetch,
      4,
      encodeRequest(Fetch, 4, { maxWaitMs: 1, minBytes: 2, topics: [{ topic: 't', partitions: [partition] }] }),
    );
    expect(one.topics[0]!.partitions[0]!.highWatermark).toBe(INT64_MAX);
    expect(one.topics[0]!.topicId).toEqual(Buffer.alloc(16));
  });

  it('two decoded messages share no arrays', () => {
    const bytes = encodeRequest(Fetch, 4, { maxWaitMs: 1, minBytes: 2, topics: [] });
    const first = decodeRequest(Fetch, 4, bytes);
    first.forgottenTopicsData.push({ topic: 'x', topicId: Buffer.alloc(16), partitions: [] });
    expect(decodeRequest(Fetch, 4, bytes).forgottenTopicsData).toEqual([]);
  });

  it('a value that the version has no place for is dropped when ignorable, refused when not', () => {
    const fetch = { maxWaitMs: 1, minBytes: 2, topics: [], rackId: 'r' };
    expect(encodeRequest(Fetch, 4, fetch).equals(encodeRequest(Fetch, 4, { ...fetch, rackId: '' }))).toBe(true);
    const topics = [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }];
    const transactions = [{ transactionalId: 'x', producerId: 1, producerEpoch: 1, verifyOnly: false, topics: [] }];
    expect(() => encodeRequest(AddPartitionsToTxn, 3, { transactions })).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_VERSION',
        message: expect.stringContaining('AddPartitionsToTxnRequest v3, field transactions'),
      }),
    );
    expect(() => encodeRequest(CreateTopics, 99, { topics, timeoutMs: 1 })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }),
    );
    expect(() => encodeRequest(Metadata, 0, { topics: null })).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_VERSION',
        message: 'MetadataRequest v0, field topics: null cannot be sent in this version.',
      }),
    );
  });

  it('unknown tagged fields are passed over', () => {
    const bytes = encodeRequest(Metadata, 9, { topics: [] });
    const withUnknown = Buffer.concat([bytes.subarray(0, -1), Buffer.from('02' + '05' + '02' + 'aabb' + '8001' + '00', 'hex')]);
    expect(decodeRequest(Metadata, 9, withUnknown)).toEqual(decodeRequest(Metadata, 9, bytes));
  });
});

describe('malformed input', () => {
  const bad =
    (hex: string, version = 1) =>
    () =>
      decodeRequest(Metadata, version, Buffer.from(hex, 'hex'));

  it('names message, version and field', () => {
    expect(bad('00000002' + '0001' + '61' + '0005' + '61')).toThrow(
      'MetadataRequest v1, field topics[1].name: needs 5 bytes at byte 9, 1 are left.',
    );
    expect(bad('00000001' + 'fffe')).toThrow('field topics[0].name: a string of -2 bytes');
  });

  it('refuses lengths that the bytes left cannot hold, before making anything', () => {
    expect(bad('7fffffff')).toThrow('field topics: an array of 2147483647 in 0 bytes');
    expect(bad('fffffffe')).toThrow('an array of -2');
    expect(bad('ffffffff0f' + '00', 9)).toThrow('field topics: an array of 4294967294 in 1 bytes');
    expect(bad('ffffffffff01', 9)).toThrow('does not end');
  });

  it('refuses a tagged field whose size does not fit its content', () => {
    // ApiVersions v3 response: tag 1 (int64) with 7 and with 9 bytes.
    const start = '0000' + '01' + '00000000' + '01' + '01';
    for (const size of [7, 9]) {
      const bytes = Buffer.from(`${start}0${size}${'00'.repeat(size)}`, 'hex');
      expect(() => decodeResponse(ApiVersions, 3, bytes)).toThrow(
        expect.objectContaining({ code: 'MALFORMED_FRAME', message: expect.stringContaining('finalizedFeaturesEpoch') }),
      );
    }
  });

  it('refuses strings and uuids that do not fit the wire when encoding', () => {
    expect(() => encodeRequest(Metadata, 1, { topics: [{ name: 'x'.repeat(40_000) }] })).toThrow('topics[0].name: a string of 40000 bytes');
    expect(() => encodeRequest(Metadata, 12, { topics: [{ name: null, topicId: Buffer.alloc(3) }] })).toThrow('a uuid of 3 bytes');
  });
});

describe('parts', () => {
  const response = (records: Buffer) => ({
    responses: [
      {
        topic: 't',
        partitions: [0, 1].map((partitionIndex) => ({
          partitionIndex,
          errorCode: 0,
          highWatermark: 1,
          abortedTransactions: null,
          records,
        })),
      },
    ],
  });

  it('passes big records on by reference and small ones by copy', () => {
    const big = Buffer.alloc(10_000, 7);
    const parts = encodeResponseParts(Fetch, 11, response(big));
    expect(parts.filter((part) => part === big)).toHaveLength(2);
    expect(Buffer.concat(parts).equals(encodeResponse(Fetch, 11, response(big)))).toBe(true);
    expect(encodeResponseParts(Fetch, 11, response(Buffer.alloc(10)))).toHaveLength(1);
    const decoded = decodeResponse(Fetch, 11, Buffer.concat(parts));
    expect(decoded.responses[0]!.partitions[1]!.records!.equals(big)).toBe(true);
  });
});

describe('consumer protocol', () => {
  it('travels with its version before it; a newer version is read as the newest known', () => {
    const body = { topics: ['t'], ownedPartitions: [{ topic: 't', partitions: [1] }], generationId: 3, rackId: 'r' };
    const bytes = encodeVersioned(ConsumerProtocolSubscription, 3, body);
    expect(bytes.readInt16BE(0)).toBe(3);
    expect(decodeVersioned(ConsumerProtocolSubscription, bytes)).toEqual({ ...body, userData: null });
    bytes.writeInt16BE(9, 0);
    expect(decodeVersioned(ConsumerProtocolSubscription, bytes)).toMatchObject(body);
    expect(() => decodeVersioned(ConsumerProtocolSubscription, Buffer.alloc(1))).toThrow(
      expect.objectContaining({ code: 'MALFORMED_FRAME' }),
    );
    bytes.writeInt16BE(-1, 0);
    expect(() => decodeVersioned(ConsumerProtocolSubscription, bytes)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }));
  });
});
