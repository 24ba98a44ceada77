import { KafkaStreams } from 'millrace';
import job from '../../examples/flights-etl/job.ts';
import { publish, startMeasuring } from './measure.ts';

/** Subject: the flights job on the engine. Arguments: bootstrap servers, shards, guarantee, input records, state dir. */
const [bootstrapServers = '', threads = '1', guarantee = 'exactly_once_v2', input = '0', stateDir = ''] = process.argv.slice(2);

const streams = new KafkaStreams(job.topology, {
  ...job.config,
  applicationId: `bench-${guarantee.replaceAll('_', '-')}-${threads}-${process.pid}`,
  bootstrapServers,
  numStreamThreads: Number(threads),
  processingGuarantee: guarantee as 'exactly_once_v2',
  stateDir,
});
const finish = startMeasuring(`millrace ${guarantee}, ${threads} shard${threads === '1' ? '' : 's'}`);
await streams.start();
await streams.caughtUp();
const metrics = streams.metrics();
const measurement = finish({ consumed: metrics?.recordsIn ?? 0, produced: metrics?.recordsOut ?? 0, input: Number(input) });
await streams.close();
publish(measurement);
