import { afterEach, describe, expect, it } from 'vitest';
import { BOTH, FaultyJob, GROUP } from './faulty-job.ts';

describe.each(BOTH)('over %s', (transport) => {
  let job: FaultyJob;
  afterEach(() => job.close());

  it('a process that hangs, is replaced, and wakes up again commits nothing of what it had in hand', async () => {
    // What it leaves open holds up its successor until the coordinator ends it.
    const config = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200' };
    job = await FaultyJob.start({ transport, broker: { config }, config: { transactionTimeoutMs: 2_000 } });
    const first = job.app!;
    await job.write(1_000);
    await job.exact();
    const [memberId] = await job.members();
    await job.underLoad(async () => {
      await job.write(300);
      first.process.kill('SIGSTOP');
      await job.broker.expireMember(GROUP, memberId!);
      await job.launch({ stateDir: `${job.harness.stateDir}-2` });
      await job.write(500);
    });
    await job.exact();
    await job.underLoad(async () => {
      first.process.kill('SIGCONT');
      await expect.poll(async () => (await job.members()).length, { timeout: 60_000 }).toBe(2);
      await job.write(500);
    });
    await job.exact();
    expect(await first.stop()).toBe(0);
    await job.stop();
  });
});
