import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InitProducerId } from '../../../../src/protocol/index.ts';
import { BOTH, FaultyJob, GROUP, JOB } from './faulty-job.ts';

describe.each(BOTH)('over %s, whoever takes its place, the application counts exactly once', (transport) => {
  let job: FaultyJob;
  beforeAll(async () => {
    job = await FaultyJob.start({ transport });
    await job.write(1_000);
    await job.exact();
  });
  afterAll(() => job.close());

  it('when another producer fences its own', async () => {
    await job.underLoad(async () => {
      const transactionalId = await job.transactionalId();
      await job.client.request(
        InitProducerId,
        { transactionalId, transactionTimeoutMs: 10_000, producerId: -1, producerEpoch: -1 },
        { coordinator: ['transaction', transactionalId] },
        { errorOf: ({ errorCode }) => errorCode },
      );
      await job.write(500);
    });
    await job.exact();
    expect(job.app!.errors).toMatch(/The producer failed and is replaced/);
  });

  it('when its transaction expires', async () => {
    await job.underLoad(async () => {
      // A transaction is open most of the time while its commit is slow.
      await job.broker.faults.add({ api: 'EndTxn', clientId: JOB, action: 'delay', delayMs: 300, count: 1 });
      await job.write(200);
      for (;;) {
        try {
          await job.broker.expireTransaction(await job.transactionalId());
          return;
        } catch {
          await sleep(1); // none is open at this moment
        }
      }
    });
    await job.exact();
  });

  it('when it is taken for dead and thrown out of its group', async () => {
    await job.underLoad(async () => {
      const [memberId] = await job.members();
      await job.broker.expireMember(GROUP, memberId!);
      await expect.poll(async () => (await job.members()).includes(memberId!), { timeout: 30_000 }).toBe(false);
      await job.write(500);
    });
    await job.exact();
    expect(job.app!.errors).toMatch(/Partitions were lost/);
  });

  it.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'] as const)(
    'when a heartbeat is answered with %s',
    async (error) => {
      await job.underLoad(async () => {
        const fault = await job.broker.faults.add({ api: 'Heartbeat', clientId: JOB, action: 'error', error, count: 1 });
        await fault.waitForHits();
        await job.write(500);
      });
      await job.exact();
    },
  );

  it.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_ID_MAPPING', 'INVALID_TXN_STATE'] as const)(
    'when a commit is answered with %s',
    async (error) => {
      await job.underLoad(async () => {
        const api = error.startsWith('UNKNOWN_M') || error.startsWith('ILL') ? 'TxnOffsetCommit' : 'EndTxn';
        const fault = await job.broker.faults.add({ api, clientId: JOB, action: 'error', error, count: 1 });
        await fault.waitForHits();
        await job.write(500);
      });
      await job.exact();
    },
  );

  it('in the end, after an orderly stop', () => job.stop());
});
