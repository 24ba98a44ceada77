import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveConfig } from '../config.ts';
import { KafkaStreams } from '../kafka-streams.ts';
import { resolveTopic } from '../topology/internal-topics.ts';
import type { Topology } from '../topology/topology.ts';
import { createTransport } from '../transport/create.ts';
import { consoleLogger } from './console-logger.ts';
import { Display } from './display.ts';
import { startEmbeddedBroker } from './embedded.ts';
import { JobKafka } from './job-kafka.ts';
import { configFor, type RunOptions } from './run.ts';
import { StopSignal } from './stop-signal.ts';

/** Topics of a topology that runs on the embedded broker. */
const PARTITIONS = 4;

/** Runs a bare topology module until it is stopped. On the embedded broker its topics are made first. */
export async function runTopology(url: URL, topology: Topology, options: RunOptions): Promise<void> {
  const file = fileURLToPath(url);
  const applicationId = basename(file, extname(file)).replaceAll(/[^a-zA-Z0-9._-]/g, '-');
  resolveConfig(configFor(options, options.bootstrap ?? '127.0.0.1:1', applicationId));
  const stop = new StopSignal({ doing: 'committing and stopping' });
  const display = new Display();
  const broker = options.bootstrap === undefined ? await startEmbeddedBroker(options.data && join(options.data, 'broker')) : undefined;
  try {
    const bootstrapServers = options.bootstrap ?? broker?.bootstrapServers ?? '';
    const config = configFor(options, bootstrapServers, applicationId);
    display.line(broker === undefined ? `Kafka at ${bootstrapServers}` : `embedded broker at ${bootstrapServers}`);
    if (broker !== undefined) await createUserTopics(topology, bootstrapServers, config.applicationId);
    const streams = new KafkaStreams(url, config, { logger: consoleLogger(display) });
    try {
      await streams.start();
      display.follow(() => {
        const metrics = streams.metrics();
        return metrics && { metrics, inputRecords: undefined };
      });
      await Promise.race([stop.promise, streams.ended()]);
    } finally {
      display.stop();
      await streams.close();
    }
  } finally {
    stop.release();
    await broker?.close();
  }
}

async function createUserTopics(topology: Topology, bootstrapServers: string, applicationId: string): Promise<void> {
  const plan = topology.plan();
  const refs = [...plan.subTopologies.flatMap((sub) => sub.sources), ...plan.globalStores.map((store) => store.source)].flatMap(
    (source) => source.topics,
  );
  const sinks = plan.subTopologies.flatMap((sub) => sub.sinks).flatMap((sink) => (typeof sink.topic === 'function' ? [] : [sink.topic]));
  const names = [...refs, ...sinks].filter((ref) => !ref.internal).map((ref) => resolveTopic(ref, applicationId));
  const transport = await createTransport(resolveConfig({ applicationId, bootstrapServers }), 'topics', {
    onError: () => {},
    onLog: () => {},
  });
  try {
    await new JobKafka(transport).createTopics(
      [...new Set(names)].map((topic) => ({ topic, partitions: PARTITIONS, replicationFactor: -1, config: {} })),
    );
  } finally {
    await transport.close();
  }
}
