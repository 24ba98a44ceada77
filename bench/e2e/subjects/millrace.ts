import { KafkaStreams, type KafkaStreamsConfig } from 'millrace';
import { CACHE_BYTES, fromEnvironment } from './settings.ts';

/** Subject: Millrace. Runs until it gets SIGTERM. */
const settings = fromEnvironment();
const streams = new KafkaStreams(new URL('topology.ts', import.meta.url), {
  applicationId: settings.applicationId,
  bootstrapServers: settings.bootstrapServers,
  processingGuarantee: settings.guarantee,
  commitIntervalMs: settings.commitIntervalMs,
  numStreamThreads: settings.threads,
  stateDir: settings.stateDir,
  statestoreCacheMaxBytes: CACHE_BYTES,
  producer: { 'compression.type': settings.compression },
  autoOffsetReset: 'earliest',
  transport: settings.variant as KafkaStreamsConfig['transport'] & string,
});
process.once('SIGTERM', () => {
  void streams.close().then(() => process.exit(0));
});
await streams.start();
