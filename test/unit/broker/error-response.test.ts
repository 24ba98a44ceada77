import { describe, expect, it } from 'vitest';
import { errorResponse } from '../../../src/broker/error-response.ts';
import { type Api, allApis, decodeResponse, ErrorCode, encodeResponse, Fetch, Produce } from '../../../src/protocol/index.ts';
import { sampleMessage } from '../../support/sample-message.ts';

function codesIn(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(codesIn);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  return Object.entries(value).flatMap(([name, field]) => (/^(partitionE|e)rrorCode$/.test(name) ? [field as number] : codesIn(field)));
}

const cases = allApis.flatMap((api) => {
  const [first, last] = api.versions;
  return Array.from({ length: last - first + 1 }, (_, index) => ({ name: api.name, api, version: first + index }));
});

describe('errorResponse', () => {
  it.each(cases)('$name v$version has a well-formed response with the error', ({ api, version }: { api: Api; version: number }) => {
    const response = errorResponse(api, version, sampleMessage(api.request.shape, version), ErrorCode.UNKNOWN_SERVER_ERROR, 'broken');
    expect(response).toBeDefined();
    const decoded = decodeResponse(api, version, encodeResponse(api, version, response as never));
    const codes = codesIn(decoded);
    expect(codes).toContain(ErrorCode.UNKNOWN_SERVER_ERROR);
  });

  it('repeats every item that was asked for', () => {
    const partition = (index: number) => ({ index, records: null });
    const request = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1,
      topicData: [
        { name: 'a', partitionData: [partition(4), partition(5)] },
        { name: 'b', partitionData: [partition(0)] },
      ],
    };
    const response = errorResponse(Produce, 9, request, ErrorCode.KAFKA_STORAGE_ERROR, null);
    const decoded = decodeResponse(Produce, 9, encodeResponse(Produce, 9, response as never));
    const items = decoded.responses.map(({ name, partitionResponses }) => [
      name,
      partitionResponses.map(({ index, errorCode }) => [index, errorCode]),
    ]);
    expect(items).toEqual([
      [
        'a',
        [
          [4, 56],
          [5, 56],
        ],
      ],
      ['b', [[0, 56]]],
    ]);
  });

  it('sets the one at the top where there is one', () => {
    const response = errorResponse(
      Fetch,
      12,
      { topics: [{ topic: 'a', partitions: [{ partition: 1 }] }] },
      ErrorCode.INVALID_REQUEST,
      null,
    );
    expect(response).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, responses: [] });
  });

  it('names partitions of versions that have no place at the top', () => {
    const response = errorResponse(
      Fetch,
      4,
      { topics: [{ topic: 'a', partitions: [{ partition: 1, fetchOffset: 9 }] }] },
      ErrorCode.INVALID_REQUEST,
      null,
    );
    const decoded = decodeResponse(Fetch, 4, encodeResponse(Fetch, 4, response as never));
    expect(decoded.responses[0]).toMatchObject({ topic: 'a', partitions: [{ partitionIndex: 1, errorCode: ErrorCode.INVALID_REQUEST }] });
  });
});
