/**
 * Tracks orders: reads topic `orders` as a member of a group and writes one record for each order to its output topic.
 * Start as many as you like; they share the partitions. Ctrl-C stops one in order.
 *
 *     node --import tsx examples/orders/tracker.ts --bootstrap 127.0.0.1:9092 --guarantee exactly-once --group shop
 */

import { Command, Option } from 'commander';
import { type Consumer, connectConsumer, connectProducer, consume, createTopics, disconnect, type Message } from './kafka.ts';
import { GUARANTEES, type Guarantee, ORDERS, outputTopic } from './order.ts';
import { STEPS, type TrackerContext } from './steps.ts';

interface Options {
  readonly bootstrap: string;
  readonly guarantee: Guarantee;
  readonly topic: string;
  readonly output?: string;
  readonly group: string;
  readonly name: string;
  readonly batch: string;
  readonly workMs: string;
  readonly sessionTimeout: string;
  readonly transactionTimeout: string;
  readonly crashAfter?: string;
  readonly json: boolean;
}

const options = new Command('tracker')
  .description('Tracks orders with one of the three delivery guarantees.')
  .option('--bootstrap <host:port>', 'Kafka broker', '127.0.0.1:9092')
  .addOption(new Option('--guarantee <which>', 'what a crash may do').choices(GUARANTEES).default('exactly-once'))
  .option('--topic <name>', 'topic of the orders', ORDERS)
  .option('--output <name>', 'topic of the results; default: tracked- and the guarantee')
  .option('--group <id>', 'trackers of one group share the orders', 'trackers')
  .option('--name <name>', 'of this tracker, unique in its group', `tracker-${process.pid}`)
  .option('--batch <n>', 'orders handled at a time', '20')
  .option('--work-ms <ms>', 'how long an order takes', '10')
  .option('--session-timeout <ms>', 'after which the others take over from a dead tracker', '6000')
  .option('--transaction-timeout <ms>', 'after which the broker aborts what a dead tracker left open', '10000')
  .option('--crash-after <n>', 'die by SIGKILL at the worst moment once so many orders are tracked')
  .option('--json', 'events as JSON lines', false)
  .parse()
  .opts<Options>();

const { bootstrap, guarantee, topic, group, name } = options;
const output = options.output ?? outputTopic(guarantee);
const crashAfter = options.crashAfter === undefined ? Infinity : Number(options.crashAfter);
let tracked = 0;
let stopping = false;
let finished = false;

/** Something to tell, to people or to the demo. */
function tell(event: string, detail: string): void {
  console.log(options.json ? JSON.stringify({ event, detail, tracked }) : `${name}: ${event} ${detail}`);
}

/** A rebalance waits here until the batch in hand is dealt with: offsets are only committed of partitions that are ours. */
let acceptRebalance: (() => void) | undefined;

async function run(): Promise<void> {
  await createTopics(bootstrap, [topic, output]);
  const transactional = guarantee === 'exactly-once';
  const settings = { 'transactional.id': `${group}-${name}`, 'transaction.timeout.ms': Number(options.transactionTimeout) };
  const producer = await connectProducer(bootstrap, transactional ? settings : {});
  const consumer = await connectConsumer({
    bootstrap,
    group,
    settings: { 'session.timeout.ms': Number(options.sessionTimeout), 'heartbeat.interval.ms': Number(options.sessionTimeout) / 5 },
    onRebalance(partitions, accept) {
      acceptRebalance = () => {
        accept();
        tell('has', partitions.length === 0 ? 'no partitions' : `partitions ${partitions.join(', ')}`);
      };
      // On the way out there is no batch in hand any more.
      if (finished) acceptRebalance();
    },
  });
  consumer.subscribe([topic]);
  const context: TrackerContext = { name, output, workMs: Number(options.workMs), producer, consumer, crashPoint };
  const handle = STEPS[guarantee];
  await handle.start?.(context);
  while (!stopping) await round(consumer, (messages) => handle.batch(context, messages));
  finished = true;
  await disconnect(producer);
  await disconnect(consumer);
  tell('stopped', `after ${tracked} orders`);
}

async function round(consumer: Consumer, handle: (messages: Message[]) => Promise<void>): Promise<void> {
  const messages = await consume(consumer, Number(options.batch));
  if (messages.length > 0) {
    await handle(messages);
    tracked += messages.length;
    tell('tracked', `${tracked} orders`);
  }
  acceptRebalance?.();
  acceptRebalance = undefined;
}

/** Where a crash hurts most: between the two steps that should be one. */
function crashPoint(orders: number): void {
  if (tracked + orders < crashAfter) return;
  tell('dies', `with ${orders} orders in hand`);
  // Not process.exit: nothing is flushed, closed or said goodbye to.
  process.kill(process.pid, 'SIGKILL');
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stopping = true;
  });
}
await run();
