import { join } from 'node:path';
import { resolveConfig } from '../config.ts';
import { KafkaStreams } from '../kafka-streams.ts';
import { createTransport } from '../transport/create.ts';
import type { Transport } from '../transport/transport.ts';
import { consoleLogger } from './console-logger.ts';
import { Display } from './display.ts';
import { type EmbeddedBroker, startEmbeddedBroker } from './embedded.ts';
import type { Job, JobContext } from './job.ts';
import { JobKafka } from './job-kafka.ts';
import { configFor, type RunOptions } from './run.ts';
import { StopSignal } from './stop-signal.ts';

/** Runs a finite job from start to result: broker, topics, input, topology, report. */
export async function runJob(job: Job, options: RunOptions, jobOptions: Readonly<Record<string, unknown>>): Promise<void> {
  const stop = new StopSignal({ doing: 'committing and stopping' });
  const display = new Display();
  // Bad settings are told before anything is started.
  const { requestTimeoutMs } = resolveConfig(configFor(options, options.bootstrap ?? '127.0.0.1:1', job.applicationId, job.config));
  let broker: EmbeddedBroker | undefined;
  let client: Transport | undefined;
  try {
    broker = options.bootstrap === undefined ? await startEmbeddedBroker(options.data && join(options.data, 'broker')) : undefined;
    const bootstrapServers = options.bootstrap ?? broker?.bootstrapServers ?? '';
    display.line(broker === undefined ? `Kafka at ${bootstrapServers}` : `embedded broker at ${bootstrapServers}`);
    client = await connectClient(job, bootstrapServers, requestTimeoutMs);
    const context = contextFor(client, jobOptions, display, stop);
    await context.kafka.createTopics(
      job.topics.map(({ topic, partitions, config }) => ({ topic, partitions, replicationFactor: -1, config: config ?? {} })),
    );
    const inputRecords = await job.load?.(context);
    display.stop();
    if (stop.requested) return display.line('stopped while loading; running again with the same data goes on from here');
    const streams = new KafkaStreams(job.topology, configFor(options, bootstrapServers, job.applicationId, job.config), {
      logger: consoleLogger(display),
    });
    if (!(await process(streams, inputRecords, display, stop))) return display.line('stopped; what was processed is committed');
    await job.report?.(context);
  } finally {
    display.stop();
    stop.release();
    await client?.close();
    await broker?.close();
  }
}

/** True when all input was processed, false when the user stopped it. */
async function process(streams: KafkaStreams, inputRecords: number | undefined, display: Display, stop: StopSignal): Promise<boolean> {
  const startedMs = performance.now();
  try {
    await streams.start();
    display.follow(() => {
      const metrics = streams.metrics();
      return metrics && { metrics, inputRecords };
    });
    const finished = await Promise.race([
      streams.caughtUp().then(() => true),
      stop.promise.then(() => false),
      streams.ended().then(() => false),
    ]);
    display.stop();
    if (finished) display.line(summary(streams, performance.now() - startedMs));
    return finished;
  } finally {
    display.stop();
    await streams.close();
  }
}

function summary(streams: KafkaStreams, elapsedMs: number): string {
  const metrics = streams.metrics();
  if (metrics === undefined) return '';
  const format = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
  const rate = (metrics.recordsIn / elapsedMs) * 1000;
  return `processed ${format.format(metrics.recordsIn)} records (repartition topics included) in ${(elapsedMs / 1000).toFixed(1)} s: ${format.format(rate)} records/s, ${format.format(metrics.recordsOut)} written, ${format.format(metrics.transactions)} transactions`;
}

/** A client apart from the engine's, without transactions: it loads the input and reads the results back. */
async function connectClient(job: Job, bootstrapServers: string, requestTimeoutMs: number): Promise<Transport> {
  const config = resolveConfig({ applicationId: `${job.applicationId}-job`, bootstrapServers, requestTimeoutMs });
  // Its errors reach us through the calls that fail.
  const client = await createTransport(config, `${globalThis.process.pid}`, { onError: () => {}, onLog: () => {} });
  await client.connect(requestTimeoutMs);
  return client;
}

function contextFor(client: Transport, options: Readonly<Record<string, unknown>>, display: Display, stop: StopSignal): JobContext {
  let startedMs = performance.now();
  let step = '';
  return {
    kafka: new JobKafka(client),
    options,
    print: (line = '') => console.log(line),
    progress: (done, total, what) => {
      if (what !== step) startedMs = performance.now();
      step = what;
      display.step(done, total, what, startedMs);
    },
    get stopping() {
      return stop.requested;
    },
  };
}
