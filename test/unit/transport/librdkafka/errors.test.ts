import { expect, test } from 'vitest';
import { asMillraceError, asTransactionError, CODE } from '../../../../src/transport/librdkafka/errors.ts';

test('a code of its own where something is to be done about it', () => {
  expect(asMillraceError(CODE.TRANSPORT, 'Flushing')).toMatchObject({ code: 'BROKER_UNREACHABLE', retriable: true, fatal: false });
  expect(asMillraceError({ code: CODE.ILLEGAL_GENERATION, message: 'Broker: generation' }, 'Committing')).toMatchObject({
    code: 'TASK_MIGRATED',
    retriable: false,
    message: 'Committing failed: Broker: generation.',
  });
  expect(asMillraceError({ code: 1234, message: 'new' }, 'x')).toMatchObject({ code: 'KAFKA_ERROR', context: { kafkaCode: 1234 } });
});

test('in a transaction the flags decide, and none of them means fatal', () => {
  const error = (flags: object) => asTransactionError({ code: -1, message: 'm', ...flags }, 'Committing', 'app-1');
  expect(error({ isRetriable: true })).toMatchObject({ retriable: true, abortable: false, fatal: false });
  expect(error({ isTxnRequiresAbort: true })).toMatchObject({
    code: 'TRANSACTION_ABORTABLE',
    retriable: false,
    abortable: true,
    fatal: false,
  });
  expect(error({ isTxnRequiresAbort: true, isRetriable: true })).toMatchObject({ retriable: false, abortable: true });
  expect(error({ isFatal: true })).toMatchObject({ retriable: false, abortable: false, fatal: true });
  expect(error({})).toMatchObject({ fatal: true });
});

test('a fenced producer is told by name', () => {
  const error = asTransactionError({ code: CODE.FENCED, message: 'fenced', isFatal: true }, 'Committing', 'app-1');
  expect(error).toMatchObject({ code: 'PRODUCER_FENCED', fatal: true });
  expect(error.message).toContain('app-1');
});
