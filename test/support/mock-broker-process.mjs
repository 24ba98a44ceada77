// librdkafka's own mock cluster, in a process of its own: with clients in the same process it shares their threads.
import kafka from '@confluentinc/kafka-javascript';

const brokers = Number(process.argv[2] ?? 1);
const producer = new kafka.Producer({ 'bootstrap.servers': '127.0.0.1:1', 'test.mock.num.brokers': brokers }, {});
producer.on('event.error', () => {});
producer.connect({ timeout: 10_000, allTopics: true }, (error, metadata) => {
  if (error) throw error;
  process.send?.(metadata.brokers.map(({ host, port }) => `${host}:${port}`).join(','));
});
process.on('disconnect', () => process.exit(0));
