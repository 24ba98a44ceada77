import { Broker } from 'millrace/broker';

/** A broker in a process of its own, to be killed: `broker-process.ts PORT DATA-DIRECTORY`. Says when it listens. */
const [port = '0', dataDir = ''] = process.argv.slice(2);
const broker = await Broker.start({ port: Number(port), dataDir, thread: false });
process.stdout.write(`${JSON.stringify({ state: broker.bootstrapServers })}\n`);
