/** A broker in a process of its own, to be killed. Options come as JSON in the first argument; says `ready` when it is. */

import { Broker, type BrokerOptions } from '../../../src/broker/index.ts';

const broker = await Broker.start({ ...(JSON.parse(process.argv[2] ?? '{}') as BrokerOptions), thread: false });
process.stdout.write(`ready ${broker.port}\n`);
process.on('SIGTERM', () => void broker.close().then(() => process.exit(0)));
