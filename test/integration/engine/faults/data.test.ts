import { afterEach, describe, expect, it } from 'vitest';
import { CreateTopics, DeleteRecords, DeleteTopics, ErrorCode } from '../../../../src/protocol/index.ts';
import type { TransportName } from '../harness.ts';
import { BOTH, FaultyJob, JOB, PARTITIONS } from './faulty-job.ts';

let job: FaultyJob;
afterEach(() => job.close());

const started = async (transport: TransportName, autoOffsetReset: 'earliest' | 'latest' | 'none' = 'earliest') => {
  job = await FaultyJob.start({ transport, config: { autoOffsetReset }, launch: false });
};
const endOf = async (topic: string, partition: number): Promise<number> =>
  (await job.broker.state()).topics.find(({ name }) => name === topic)!.partitions[partition]!.logEndOffset;

describe.each(BOTH)('over %s', (transport) => {
  it('batches that come incomplete are fetched again', async () => {
    await started(transport);
    await job.launch();
    const fault = await job.broker.faults.add({ api: 'Fetch', clientId: JOB, action: 'truncate', bytes: 30 });
    // Restoring reads truncated answers as well.
    await job.underLoad(() => fault.waitForHits(50));
    await job.exact();
    await job.stop();
    await job.launch();
    await job.write(500);
    await job.exact();
  });
});

describe('over wire', () => {
  it('a damaged batch ends the application with topic, partition and offset, and nothing after it is taken for read', async () => {
    await started('wire');
    await job.write(1_000);
    const first = await endOf('input', 2);
    await job.write(1_000);
    expect(await endOf('input', 2)).toBeGreaterThan(first);
    await job.broker.corruptBatch('input', 2, first);
    job.begin();
    const { code, error } = await job.failure();
    expect(code).toBe('CORRUPT_RECORD');
    expect(error).toContain(`input-2 is damaged at offset ${first}: its CRC does not match`);
    const [committed] = await job.committed('input', [2]);
    expect(committed).toBeLessThanOrEqual(first);
  });

  it('a damaged changelog ends the application before it has restored a wrong state', async () => {
    await started('wire');
    await job.launch();
    await job.write(1_000);
    await job.exact();
    await job.stop();
    const topic = 'app-counts-store-changelog';
    const { partitions } = (await job.broker.state()).topics.find(({ name }) => name === topic)!;
    const { partition } = partitions.find(({ logEndOffset }) => logEndOffset > 0)!;
    await job.broker.corruptBatch(topic, partition, 0);
    job.begin();
    const { code, error } = await job.failure();
    expect(code).toBe('CORRUPT_RECORD');
    expect(error).toContain(`${topic}-${partition} is damaged at offset 0`);
  });

  it('a broker that calls what is asked for damaged ends the application with topic, partition and offset', async () => {
    await started('wire');
    await job.launch();
    await job.write(500);
    await job.exact();
    await job.broker.faults.add({ api: 'Fetch', clientId: JOB, topic: 'input', action: 'error', error: 'CORRUPT_MESSAGE' });
    const { code, error } = await job.failure();
    expect(code).toBe('CORRUPT_RECORD');
    expect(error).toMatch(/input-\d at offset \d+/);
  });
});

/** Deletes all records that are there, behind the application's back. */
async function deleteInput(): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const response = await job.client.request(
      DeleteRecords,
      {
        topics: [{ name: 'input', partitions: [{ partitionIndex: partition, offset: await endOf('input', partition) }] }],
        timeoutMs: 5_000,
      },
      { leader: ['input', partition] },
    );
    expect(response.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NONE);
  }
}

describe.each(BOTH)('over %s, records that are deleted before they were read', (transport) => {
  it.each(['earliest', 'latest'] as const)('are passed over with auto.offset.reset=%s', async (reset) => {
    await started(transport, reset);
    await job.launch();
    await job.write(500);
    await job.exact();
    await job.stop();
    const before = job.written;
    await job.write(500);
    await deleteInput();
    job.written = before;
    await job.launch();
    await job.reading('input');
    await job.write(500);
    await job.exact();
  });

  it('end the application with auto.offset.reset=none, and an error that says where', async () => {
    await started(transport, 'earliest');
    await job.launch();
    await job.write(500);
    await job.exact();
    await job.stop();
    await job.write(500);
    await deleteInput();
    job.begin({ autoOffsetReset: 'none' });
    const { code, error } = await job.failure();
    expect(code).toBe('KAFKA_ERROR');
    expect(error).toMatch(transport === 'wire' ? /input-\d has no offset \d+ \(any more\).*auto\.offset\.reset/ : /offset/i);
  });
});

describe('over wire, an input topic that is deleted and made anew', () => {
  const makeAnew = async (): Promise<void> => {
    const gone = await job.client.request(
      DeleteTopics,
      { topics: [{ name: 'input', topicId: Buffer.alloc(16) }], timeoutMs: 5_000 },
      'controller',
    );
    expect(gone.responses[0]!.errorCode).toBe(ErrorCode.NONE);
    const topic = { name: 'input', numPartitions: PARTITIONS, replicationFactor: 3, assignments: [], configs: [] };
    const made = await job.client.request(CreateTopics, { topics: [topic], timeoutMs: 5_000 }, 'controller');
    expect(made.topics[0]!.errorCode).toBe(ErrorCode.NONE);
  };

  it('ends the application, also when it soon has more records than the old one', async () => {
    await started('wire');
    await job.launch();
    await job.write(500);
    await job.exact();
    await makeAnew();
    await job.write(1_500);
    const { code, error } = await job.failure();
    expect(code).toBe('KAFKA_ERROR');
    expect(error).toMatch(/Topic input was deleted and made anew when input-\d had been read to offset \d+\. .*reset the application/);
    // The broker has forgotten the offsets with the topic, so the next start reads what there is now.
    job.begin();
    await job.exact();
  });
});
