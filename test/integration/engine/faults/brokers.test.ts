import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BOTH, FaultyJob, TOPICS } from './faulty-job.ts';

/** One application for all of it: what went wrong before must not have left anything behind. */
describe.each(BOTH)('over %s, while nodes come and go, the application counts exactly once', (transport) => {
  let job: FaultyJob;
  beforeAll(async () => {
    job = await FaultyJob.start({ transport });
  });
  afterAll(() => job.close());

  it.each(TOPICS)('when the leaders of %s move', async (topic) => {
    await job.underLoad(async () => {
      for (let round = 0; round < 3; round++) {
        await job.moveLeaders(topic);
        await job.write(500);
      }
    });
    await job.exact();
  });

  it.each(['group', 'transaction'] as const)('when the %s coordinator moves', async (type) => {
    await job.underLoad(async () => {
      for (let round = 0; round < 3; round++) {
        await job.moveCoordinator(type);
        await job.write(500);
      }
    });
    await job.exact();
  });

  // librdkafka takes most of a minute to see that a node is back, and then may not let itself be closed.
  it.runIf(transport === 'wire')('when one node after the other is stopped, and comes back', async () => {
    await job.underLoad(async () => {
      for (const node of [1, 2, 3]) {
        await job.broker.stopNode(node);
        await job.write(500);
        await job.broker.startNode(node);
      }
    });
    await job.exact();
  });

  it('in the end, after an orderly stop', async () => {
    await job.stop();
    expect(job.written).toBeGreaterThan(8_000);
  });
});
