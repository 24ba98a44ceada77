import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { ErrorCode, KafkaProtocolError, kafkaError } from '../../../src/protocol/index.ts';

const { errorCodes } = createRequire(import.meta.url)('kafkajs/src/protocol/error.js') as {
  errorCodes: readonly { readonly type: string; readonly code: number; readonly retriable: boolean }[];
};

/** Names that Kafka has changed since kafkajs was written. */
const RENAMED: Record<string, string> = {
  UNKNOWN: 'UNKNOWN_SERVER_ERROR',
  NOT_LEADER_FOR_PARTITION: 'NOT_LEADER_OR_FOLLOWER',
  GROUP_LOAD_IN_PROGRESS: 'COORDINATOR_LOAD_IN_PROGRESS',
  GROUP_COORDINATOR_NOT_AVAILABLE: 'COORDINATOR_NOT_AVAILABLE',
  NOT_COORDINATOR_FOR_GROUP: 'NOT_COORDINATOR',
};

describe("Kafka's errors", () => {
  it('agree with the table of kafkajs', () => {
    const differing = errorCodes.filter(({ type, code, retriable }) => {
      const ours = kafkaError(code);
      return ours.name !== (RENAMED[type] ?? type) || ours.retriable !== retriable;
    });
    expect(differing.map(({ type, code, retriable }) => `${code} ${type} retriable=${retriable}, ours ${kafkaError(code).name}`)).toEqual(
      [],
    );
  });

  it('have one number each, from -1 without a gap, and a message', () => {
    const codes = Object.values(ErrorCode).sort((a, b) => a - b);
    expect(codes).toEqual(Array.from({ length: codes.length }, (_, index) => index - 1));
    for (const code of codes.filter((code) => code !== ErrorCode.NONE)) expect(kafkaError(code).message).not.toBe('');
  });

  it('unknown codes are fatal and keep their number', () => {
    expect(kafkaError(9999)).toEqual({
      code: 9999,
      name: 'UNKNOWN_SERVER_ERROR',
      message: 'Error 9999 is not known to this client.',
      retriable: false,
    });
  });

  it('can be thrown', () => {
    const error = new KafkaProtocolError(ErrorCode.INVALID_PARTITIONS, 'Topic t has 4 partitions already.');
    expect(error).toMatchObject({
      code: 37,
      message: 'Topic t has 4 partitions already.',
      kafkaName: 'INVALID_PARTITIONS',
      retriable: false,
    });
    expect(new KafkaProtocolError(ErrorCode.NOT_COORDINATOR)).toMatchObject({
      message: 'This broker is not the coordinator.',
      retriable: true,
    });
  });
});
