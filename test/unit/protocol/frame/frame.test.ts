import { describe, expect, it } from 'vitest';
import {
  ApiVersions,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  decodeResponseHeader,
  encodeRequestFrame,
  encodeResponseFrame,
  Fetch,
  FrameSplitter,
  Metadata,
  peekCorrelationId,
  SaslHandshake,
} from '../../../../src/protocol/index.ts';
import { SeededRandom } from '../seeded-random.ts';

describe('request frames', () => {
  it('have header v1 before flexible versions and v2 in them', () => {
    const old = Buffer.concat(encodeRequestFrame(Metadata, 8, { correlationId: 5, clientId: 'me' }, { topics: [] }));
    expect(old.toString('hex')).toBe('00000013' + '0003' + '0008' + '00000005' + '0002' + '6d65' + '00000000' + '01' + '0000');
    const flexible = Buffer.concat(encodeRequestFrame(Metadata, 9, { correlationId: 5, clientId: null }, { topics: [] }));
    expect(flexible.toString('hex')).toBe('00000010' + '0003' + '0009' + '00000005' + 'ffff' + '00' + '01' + '01' + '0000' + '00');
    for (const [frame, version, clientId] of [
      [old, 8, 'me'],
      [flexible, 9, null],
    ] as const) {
      const header = decodeRequestHeader(frame, 4);
      expect(header).toMatchObject({ apiKey: 3, apiVersion: version, correlationId: 5, clientId });
      expect(decodeRequest(Metadata, version, frame, header.bodyOffset).topics).toEqual([]);
    }
  });

  it('of unknown APIs and versions still give their header', () => {
    const unknown = Buffer.from('7fff' + '0000' + '00000009' + '0001' + '78', 'hex');
    expect(decodeRequestHeader(unknown)).toEqual({ apiKey: 0x7fff, apiVersion: 0, correlationId: 9, clientId: 'x', bodyOffset: 11 });
    const newer = Buffer.from('0012' + '0063' + '00000009' + '0001' + '78', 'hex');
    expect(decodeRequestHeader(newer)).toMatchObject({ apiKey: 18, apiVersion: 99, bodyOffset: 11 });
    for (let length = 0; length < unknown.length; length++) {
      expect(() => decodeRequestHeader(unknown.subarray(0, length))).toThrow(expect.objectContaining({ code: 'MALFORMED_FRAME' }));
    }
  });
});

describe('response frames', () => {
  it('have header v1 in flexible versions, except ApiVersions', () => {
    const metadata = Buffer.concat(encodeResponseFrame(Metadata, 9, 6, { brokers: [], topics: [] }));
    expect(metadata.subarray(4, 9).toString('hex')).toBe('00000006' + '00');
    const versions = Buffer.concat(encodeResponseFrame(ApiVersions, 3, 6, { errorCode: 35, apiKeys: [] }));
    expect(versions.toString('hex')).toBe('0000000c' + '00000006' + '0023' + '01' + '00000000' + '00');
    const never = Buffer.concat(encodeResponseFrame(SaslHandshake, 1, 6, { errorCode: 0, mechanisms: ['PLAIN'] }));
    for (const [api, version, frame] of [
      [Metadata, 9, metadata],
      [ApiVersions, 3, versions],
      [SaslHandshake, 1, never],
    ] as const) {
      expect(frame.readInt32BE(0)).toBe(frame.length - 4);
      expect(peekCorrelationId(frame, 4)).toBe(6);
      const header = decodeResponseHeader(api, version, frame, 4);
      expect(header.correlationId).toBe(6);
      expect(() => decodeResponse(api, version, frame, header.bodyOffset)).not.toThrow();
    }
    expect(() => peekCorrelationId(metadata, metadata.length - 2)).toThrow(expect.objectContaining({ code: 'MALFORMED_FRAME' }));
    expect(() => decodeResponseHeader(Metadata, 9, metadata, metadata.length - 2)).toThrow(
      expect.objectContaining({ code: 'MALFORMED_FRAME' }),
    );
  });

  it('count the parts that are passed on by reference', () => {
    const records = Buffer.alloc(50_000, 3);
    const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 1, abortedTransactions: null, records };
    const parts = encodeResponseFrame(Fetch, 12, 1, { responses: [{ topic: 't'.repeat(600), partitions: [partition, partition] }] });
    expect(parts.filter((part) => part === records)).toHaveLength(2);
    expect(parts[0]!.readInt32BE(0)).toBe(Buffer.concat(parts).length - 4);
  });
});

describe('FrameSplitter', () => {
  const random = new SeededRandom();

  it(`gives the same frames however the stream is cut (TEST_SEED=${random.seed})`, () => {
    for (let round = 0; round < 50; round++) {
      const frames = Array.from({ length: random.between(0, 8) }, () => random.bytes(random.pick([0, 1, 3, 4, 50, 300])));
      const stream = Buffer.concat(
        frames.flatMap((frame) => {
          const length = Buffer.alloc(4);
          length.writeInt32BE(frame.length);
          return [length, frame];
        }),
      );
      const splitter = new FrameSplitter();
      const got: Buffer[] = [];
      for (let at = 0; at < stream.length; ) {
        const size = random.pick([1, 2, 3, 5, 40, 1000]);
        got.push(...splitter.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(got.map((frame) => frame.toString('hex'))).toEqual(frames.map((frame) => frame.toString('hex')));
      expect(splitter.pendingBytes).toBe(0);
    }
  });

  it('refuses lengths out of bounds and asks for no memory beforehand', () => {
    expect(() => new FrameSplitter(1000).push(Buffer.from('000003e9', 'hex'))).toThrow(
      expect.objectContaining({ code: 'MALFORMED_FRAME' }),
    );
    expect(() => new FrameSplitter().push(Buffer.from('ffffffff', 'hex'))).toThrow('A frame of -1 bytes');
    const splitter = new FrameSplitter();
    expect(splitter.push(Buffer.from('05000000' + 'aa', 'hex'))).toEqual([]);
    expect(splitter.pendingBytes).toBe(5);
  });

  it('gives views of a chunk that holds whole frames', () => {
    const chunk = Buffer.from('00000002' + 'aabb', 'hex');
    expect(new FrameSplitter().push(chunk)[0]!.buffer).toBe(chunk.buffer);
  });
});
