/**
 * Everything at once: a broker, a producer, three trackers that share the orders, one of which is killed at the worst
 * moment, and what that costs under each of the three delivery guarantees.
 *
 *     npm run orders
 *     npm run orders -- --orders 2000 --bootstrap 127.0.0.1:9092
 */

import { Command } from 'commander';
import { Broker } from 'millrace/broker';
import color from 'picocolors';
import { countTracked, type Outcome, outcomeTable, problemsOf } from './check.ts';
import { createTopics, Lag } from './kafka.ts';
import { GUARANTEES, type Guarantee, ORDERS, outputTopic } from './order.ts';
import { Piece } from './piece.ts';

const TRACKERS = ['tracker-1', 'tracker-2', 'tracker-3'] as const;
const VICTIM = 'tracker-2';
const POLL_MS = 200;
const LIMIT_MS = 180_000;

const WHAT_IT_MEANS: Readonly<Record<Guarantee, string>> = {
  'at-most-once': 'the offset is committed before the orders are tracked',
  'at-least-once': 'the orders are tracked before the offset is committed',
  'exactly-once': 'orders and offset are committed in one transaction',
};

interface Options {
  readonly bootstrap?: string;
  readonly orders: string;
  readonly rate: string;
}

const options = new Command('orders')
  .description('An order-processing example: delivery guarantees under a crash.')
  .option('--bootstrap <host:port>', 'Kafka broker; without it one is started here')
  .option('--orders <n>', 'orders to publish for each guarantee', '600')
  .option('--rate <n>', 'orders a second', '400')
  .parse()
  .opts<Options>();

const orders = Number(options.orders);
const startedMs = Date.now();

function print(who: string, text: string): void {
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1).padStart(6);
  console.log(`${color.dim(`${seconds} s`)}  ${who.padEnd(10)} ${text}`);
}

/** Short times, so that nobody has to wait for the dead tracker to be missed. */
async function embeddedBroker(): Promise<Broker> {
  const broker = await Broker.start({
    config: {
      'group.initial.rebalance.delay.ms': '500',
      'group.min.session.timeout.ms': '1000',
      'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
    },
  });
  print('broker', `embedded, at ${broker.bootstrapServers}`);
  return broker;
}

async function show(bootstrap: string, guarantee: Guarantee, embedded: boolean): Promise<Outcome> {
  console.log(`\n${color.bold(guarantee)}: ${WHAT_IT_MEANS[guarantee]}`);
  const run = `${guarantee}-${Date.now().toString(36)}`;
  const topics = { input: `${ORDERS}-${run}`, output: `${outputTopic(guarantee)}-${run}` };
  await createTopics(bootstrap, [topics.input, topics.output]);
  const common = ['--bootstrap', bootstrap, '--topic', topics.input];
  const timeouts = embedded ? ['--session-timeout', '2000', '--transaction-timeout', '4000'] : [];
  const trackers = TRACKERS.map((name) => {
    const args = [...common, '--output', topics.output, '--guarantee', guarantee, '--group', run, '--name', name, '--json', ...timeouts];
    const crash = name === VICTIM ? ['--crash-after', String(Math.ceil(orders / 10))] : [];
    return new Piece('tracker', [...args, ...crash], ({ event, detail }) => {
      if (event === 'dies') print(name, color.red(`is killed ${detail}`));
      else if (event === 'has') print(name, `${event} ${detail}`);
    });
  });
  try {
    const producer = new Piece('producer', [...common, '--orders', options.orders, '--rate', options.rate]);
    await producer.end();
    print('producer', `published ${orders} orders`);
    await allCommitted(bootstrap, run, topics.input, trackers);
    for (const tracker of trackers) tracker.stop();
    await Promise.all(trackers.map((tracker) => tracker.end()));
  } finally {
    for (const tracker of trackers) tracker.kill();
  }
  print('all', `done: ${trackers.map(({ tracked }, index) => `${TRACKERS[index]} tracked ${tracked}`).join(', ')}`);
  const shares = trackers.map(({ tracked }) => tracked);
  return { guarantee, shares, ...(await countTracked(bootstrap, topics.output, orders)) };
}

/** Waits until the group has committed all orders. A tracker that ends in another way than by the crash ends the demo. */
async function allCommitted(bootstrap: string, group: string, topic: string, trackers: readonly Piece[]): Promise<void> {
  const lag = await Lag.of(bootstrap, group, topic);
  const giveUpMs = Date.now() + LIMIT_MS;
  while ((await lag.read()) > 0) {
    for (const tracker of trackers) tracker.check();
    if (Date.now() > giveUpMs) throw new Error(`${await lag.read()} orders are still not tracked after ${LIMIT_MS / 1000} s.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  await lag.close();
}

const broker = options.bootstrap === undefined ? await embeddedBroker() : undefined;
try {
  const outcomes: Outcome[] = [];
  for (const guarantee of GUARANTEES) {
    outcomes.push(await show(broker?.bootstrapServers ?? options.bootstrap ?? '', guarantee, broker !== undefined));
  }
  console.log(`\n${outcomeTable(outcomes)}`);
  const problems = outcomes.flatMap(problemsOf);
  for (const problem of problems) console.log(color.red(problem));
  if (problems.length > 0) process.exitCode = 1;
  else console.log(color.green('checked: each guarantee kept what it promises, and the crash cost what it allows'));
} finally {
  await broker?.close();
}
