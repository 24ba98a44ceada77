import { Broker } from '../../../../src/broker/index.ts';

/** A broker to be killed: `broker-process.ts PORT DATA-DIRECTORY`. Sessions are short, so that the dead are noticed soon. */
const [port = '0', dataDir = ''] = process.argv.slice(2);
const broker = await Broker.start({
  port: Number(port),
  dataDir,
  thread: false,
  defaultPartitions: 6,
  logLevel: 'error',
  config: { 'group.consumer.session.timeout.ms': '8000', 'group.consumer.heartbeat.interval.ms': '300' },
});
process.stdout.write(`${JSON.stringify({ listening: broker.bootstrapServers })}\n`);
