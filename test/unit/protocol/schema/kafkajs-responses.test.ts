/** Responses encoded here, as kafkajs decodes them. */
import { describe, expect, it } from 'vitest';
import {
  type Api,
  ApiVersions,
  CreateTopics,
  DescribeConfigs,
  encodeResponse,
  Fetch,
  FindCoordinator,
  InitProducerId,
  JoinGroup,
  ListOffsets,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  Produce,
  RecordBatchBuilder,
  type ResponseInput,
  SyncGroup,
} from '../../../../src/protocol/index.ts';
import { kafkajsResponse } from './kafkajs.ts';

async function through<A extends Api>(api: A, version: number, body: ResponseInput<A>, name: string = api.name) {
  return kafkajsResponse(name, version, encodeResponse(api, version, body));
}

describe('responses for kafkajs', () => {
  it.each([0, 1, 2])('ApiVersions v%i', async (version) => {
    const decoded = await through(ApiVersions, version, { errorCode: 0, apiKeys: [{ apiKey: 1, minVersion: 4, maxVersion: 18 }] });
    expect(decoded).toMatchObject({ errorCode: 0, apiVersions: [{ apiKey: 1, minVersion: 4, maxVersion: 18 }] });
  });

  it.each([0, 1, 2, 3, 4, 5, 6])('Metadata v%i', async (version) => {
    const decoded = await through(Metadata, version, {
      brokers: [{ nodeId: 1, host: 'h', port: 9092 }],
      clusterId: 'c',
      controllerId: 1,
      topics: [
        { errorCode: 0, name: 't', partitions: [{ errorCode: 0, partitionIndex: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] }] },
      ],
    });
    expect(decoded).toMatchObject({
      brokers: [{ nodeId: 1, host: 'h', port: 9092 }],
      topicMetadata: [{ topic: 't', partitionMetadata: [{ partitionId: 0, leader: 1, replicas: [1], isr: [1] }] }],
    });
  });

  it.each([3, 4, 5, 6, 7])('Produce v%i', async (version) => {
    const decoded = await through(Produce, version, {
      responses: [{ name: 't', partitionResponses: [{ index: 2, errorCode: 0, baseOffset: 99 }] }],
    });
    expect(decoded).toMatchObject({
      topics: [{ topicName: 't', partitions: [{ partition: 2, errorCode: 0, baseOffset: '99', logAppendTime: '-1' }] }],
    });
  });

  it.each([4, 5, 6, 7, 8, 9, 10, 11])('Fetch v%i with a batch of ours', async (version) => {
    const builder = new RecordBatchBuilder();
    builder.appendAt(100, 1_700_000_000_000, Buffer.from('k'), Buffer.from('v'.repeat(3000)), [['h', Buffer.from('x')]]);
    builder.appendAt(105, 1_700_000_000_007, null, Buffer.from('last'));
    const decoded = await through(Fetch, version, {
      responses: [
        {
          topic: 't',
          partitions: [
            {
              partitionIndex: 0,
              errorCode: 0,
              highWatermark: 106,
              lastStableOffset: 106,
              abortedTransactions: [{ producerId: 5, firstOffset: 101 }],
              records: builder.build(),
            },
          ],
        },
      ],
    });
    expect(decoded).toMatchObject({
      responses: [
        {
          topicName: 't',
          partitions: [
            {
              highWatermark: '106',
              abortedTransactions: [{ producerId: '5', firstOffset: '101' }],
              messages: [
                { offset: '100', timestamp: '1700000000000', key: Buffer.from('k'), headers: { h: Buffer.from('x') } },
                { offset: '105', timestamp: '1700000000007', key: null, value: Buffer.from('last') },
              ],
            },
          ],
        },
      ],
    });
  });

  it.each([1, 2, 3])('ListOffsets v%i', async (version) => {
    const decoded = await through(ListOffsets, version, {
      topics: [{ name: 't', partitions: [{ partitionIndex: 1, errorCode: 0, timestamp: -1, offset: 42 }] }],
    });
    expect(decoded).toMatchObject({ responses: [{ topic: 't', partitions: [{ partition: 1, offset: '42' }] }] });
  });

  it.each([0, 1, 2])('FindCoordinator v%i', async (version) => {
    const decoded = await through(FindCoordinator, version, { errorCode: 0, nodeId: 3, host: 'h', port: 1 }, 'GroupCoordinator');
    expect(decoded).toMatchObject({ coordinator: { nodeId: 3, host: 'h', port: 1 } });
  });

  it.each([0, 1, 2, 3, 4, 5])('JoinGroup v%i and SyncGroup', async (version) => {
    const decoded = await through(JoinGroup, version, {
      errorCode: 0,
      generationId: 4,
      protocolName: 'p',
      leader: 'l',
      memberId: 'm',
      members: [{ memberId: 'm', metadata: Buffer.from('md') }],
    });
    expect(decoded).toMatchObject({
      generationId: 4,
      leaderId: 'l',
      memberId: 'm',
      members: [{ memberId: 'm', memberMetadata: Buffer.from('md') }],
    });
    const sync = await through(SyncGroup, Math.min(version, 3), { errorCode: 0, assignment: Buffer.from('as') });
    expect(sync).toMatchObject({ memberAssignment: Buffer.from('as') });
  });

  it.each([2, 3, 4, 5])('OffsetCommit v%i and OffsetFetch', async (version) => {
    const commit = await through(OffsetCommit, version, { topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode: 0 }] }] });
    expect(commit).toMatchObject({ responses: [{ topic: 't', partitions: [{ partition: 0, errorCode: 0 }] }] });
    const fetch = await through(OffsetFetch, version - 1, {
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 8, metadata: 'md', errorCode: 0 }] }],
    });
    expect(fetch).toMatchObject({ responses: [{ topic: 't', partitions: [{ offset: '8', metadata: 'md' }] }] });
  });

  it.each([0, 1])('InitProducerId v%i', async (version) => {
    const decoded = await through(InitProducerId, version, { errorCode: 0, producerId: 2 ** 40, producerEpoch: 7 });
    expect(decoded).toMatchObject({ producerId: String(2 ** 40), producerEpoch: 7 });
  });

  it.each([2, 3])('CreateTopics v%i', async (version) => {
    const decoded = await through(CreateTopics, version, { topics: [{ name: 't', errorCode: 0, errorMessage: null }] });
    expect(decoded).toMatchObject({ topicErrors: [{ topic: 't', errorCode: 0 }] });
  });

  it.each([1, 2])('DescribeConfigs v%i', async (version) => {
    const decoded = await through(DescribeConfigs, version, {
      results: [
        {
          errorCode: 0,
          errorMessage: null,
          resourceType: 2,
          resourceName: 't',
          configs: [{ name: 'a', value: 'b', readOnly: false, configSource: 5, isSensitive: false, synonyms: [] }],
        },
      ],
    });
    expect(decoded).toMatchObject({ resources: [{ resourceName: 't', configEntries: [{ configName: 'a', configValue: 'b' }] }] });
  });
});
