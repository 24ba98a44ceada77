import { KafkaStreams, type KafkaStreamsConfig } from 'millrace';
import { CACHE_BYTES, fromEnvironment } from './settings.ts';

/** Subject: Millrace. Runs until it gets SIGTERM. */
const settings = fromEnvironment();
/** As the job has it. */
const deadLetters = {
  deserializationExceptionHandler: 'dead-letter',
  processingExceptionHandler: 'dead-letter',
  deadLetterTopic: 'flights-dead-letter',
} as const;
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
  ...(settings.workload === 'flights' && deadLetters),
  transport: settings.variant as KafkaStreamsConfig['transport'] & string,
});
process.once('SIGTERM', () => {
  void streams.close().then(() => process.exit(0));
});
await streams.start();
