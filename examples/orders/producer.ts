/**
 * Publishes orders, as a shop would.
 *
 *     node --import tsx examples/orders/producer.ts --bootstrap 127.0.0.1:9092 --orders 1000
 */

import { Command } from 'commander';
import { connectProducer, createTopics, disconnect, flush } from './kafka.ts';
import { ORDERS, orderOf } from './order.ts';

const ROUND_MS = 50;

interface Options {
  readonly bootstrap: string;
  readonly topic: string;
  readonly orders: string;
  readonly rate: string;
}

const { bootstrap, topic, orders, rate } = new Command('producer')
  .description('Publishes orders.')
  .option('--bootstrap <host:port>', 'Kafka broker', '127.0.0.1:9092')
  .option('--topic <name>', 'topic of the orders', ORDERS)
  .option('--orders <n>', 'orders to publish', '1000')
  .option('--rate <n>', 'orders a second', '200')
  .parse()
  .opts<Options>();

const total = Number(orders);
const perRound = Math.max(1, Math.round((Number(rate) * ROUND_MS) / 1000));
await createTopics(bootstrap, [topic]);
const producer = await connectProducer(bootstrap);
for (let id = 0; id < total; ) {
  for (const end = Math.min(total, id + perRound); id < end; id++) {
    const order = orderOf(id);
    producer.produce(topic, null, Buffer.from(JSON.stringify(order)), order.customer);
  }
  await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
}
await flush(producer);
await disconnect(producer);
console.log(`published ${total} orders`);
