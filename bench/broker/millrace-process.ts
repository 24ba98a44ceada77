import { Broker, type FlushPolicy } from 'millrace/broker';

/** Subject: a broker in a process of its own: `millrace-process.ts DATA-DIRECTORY FLUSH-POLICY`. Says where it listens. */
const [dataDir = '', flushPolicy = 'none'] = process.argv.slice(2);
const broker = await Broker.start({ dataDir, flushPolicy: flushPolicy as FlushPolicy, thread: false });
process.stdout.write(`${broker.bootstrapServers}\n`);
process.on('SIGTERM', () => {
  void broker.close().then(() => process.exit(0));
});
