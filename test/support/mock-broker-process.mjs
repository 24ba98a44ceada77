// librdkafka's own mock cluster, in a process of its own: with clients in the same process it shares their threads.
import { createRequire } from 'node:module';

const kafka = createRequire(import.meta.url)('@confluentinc/kafka-javascript');

const brokers = Number(process.argv[2] ?? 1);
const producer = new kafka.Producer({ 'bootstrap.servers': '127.0.0.1:1', 'test.mock.num.brokers': brokers }, {});
producer.on('event.error', () => {});
producer.connect(
  { timeout: 10_000, allTopics: true },
  (/** @type {Error | null} */ error, /** @type {{ brokers: { host: string; port: number }[] }} */ metadata) => {
    if (error) throw error;
    process.send?.(metadata.brokers.map(({ host, port }) => `${host}:${port}`).join(','));
  },
);
process.on('disconnect', () => process.exit(0));
