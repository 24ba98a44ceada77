/** Entry of the embedded broker's thread. */
import { runBrokerThread } from '../src/broker/broker-thread.ts';

await runBrokerThread();
