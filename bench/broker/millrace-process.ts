import { Broker, type FlushPolicy } from 'millrace/broker';

/** Subject: a broker in a process of its own: `millrace-process.ts DATA-DIRECTORY FLUSH-POLICY`. Says where it listens. */
const [dataDir = '', flushPolicy = 'none'] = process.argv.slice(2);
const broker = await Broker.start({ dataDir, flushPolicy: flushPolicy as FlushPolicy, thread: false });
process.stdout.write(`${broker.bootstrapServers}\n`);
const stop = (): void => {
  void broker.close().then(() => process.exit(0));
};
process.once('SIGTERM', stop);
// Who has started it is gone, also when killed.
process.stdin.once('end', stop).resume();
