import { KafkaStreams, type KafkaStreamsConfig } from 'millrace';

/**
 * A process of an application under test: `app.ts TOPOLOGY CONFIG-JSON`. Reports on stdout, a JSON line each: every change
 * of state, and `{"caughtUp":true}` when all input is processed. SIGTERM closes it.
 */
const [topology = '', config = '{}'] = process.argv.slice(2);
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);

const streams = new KafkaStreams(topology, JSON.parse(config) as KafkaStreamsConfig);
streams.setStateListener((state) => say({ state }));
process.on('SIGTERM', () => void streams.close().then(() => process.exit(0)));
process.on('SIGUSR2', () => void streams.caughtUp().then(() => say({ caughtUp: true })));
try {
  await streams.start();
  await streams.ended();
} catch (error) {
  say({ error: (error as Error).message, code: (error as { code?: string }).code });
  process.exit(1);
}
