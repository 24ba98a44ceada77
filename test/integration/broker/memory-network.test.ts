import { createHash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/broker/coordinator/deps.ts';
import { Broker, MemoryNetwork } from '../../../src/broker/index.ts';
import { Fetch, Metadata, Produce } from '../../../src/protocol/index.ts';
import { TestClock } from './test-clock.ts';
import { batchOf, WireClient } from './wire-client.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

async function start(network: MemoryNetwork, clock = new TestClock()): Promise<Broker> {
  const broker = await Broker.start({ thread: false, log: silentLogger, network, clock, nodes: 2, topics: [{ name: 't', partitions: 1 }] });
  opened.push(broker);
  return broker;
}

function clientOf(socket: Duplex): WireClient {
  const client = WireClient.over(socket);
  opened.push(client);
  return client;
}

const produce = async (client: WireClient, value: string): Promise<number> => {
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf([value]) }] }];
  return (await client.send(Produce, 9, { acks: -1, timeoutMs: 1, topicData })).responses[0]!.partitionResponses[0]!.baseOffset;
};
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('a broker without sockets', () => {
  it('serves clients over memory', async () => {
    const network = new MemoryNetwork();
    const broker = await start(network);
    const client = clientOf(network.connect(broker.port));
    const { brokers } = await client.send(Metadata, 12, { topics: null });
    expect(brokers.map(({ port }) => port)).toEqual(broker.ports);
    expect([await produce(client, 'a'), await produce(client, 'b')]).toEqual([0, 1]);
    expect(() => network.connect(1)).toThrow(expect.objectContaining({ code: 'BROKER_UNREACHABLE' }));
  });

  it('is slow when the network is, by the clock it is given', async () => {
    const clock = new TestClock();
    const network = new MemoryNetwork({ clock, latencyMs: 50 });
    const broker = await start(network, clock);
    const client = clientOf(network.connect(broker.port));
    const answer = produce(client, 'a');
    let answered = false;
    void answer.then(() => {
      answered = true;
    });
    clock.advance(50);
    await turns(20);
    expect(answered).toBe(false);
    clock.advance(50);
    expect(await answer).toBe(0);
  });

  it('notices when the network is cut', async () => {
    const network = new MemoryNetwork();
    const broker = await start(network);
    const client = clientOf(network.connect(broker.port));
    await produce(client, 'a');
    const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 1, partitionMaxBytes: 1000 }] }];
    const waiting = expect(client.send(Fetch, 12, { maxWaitMs: 60_000, minBytes: 1, topics })).rejects.toThrow('connection closed');
    await turns(10);
    network.cut();
    await waiting;
    await expect.poll(async () => (await broker.state()).nodes[0]!.connections).toBe(0);
    expect(await produce(clientOf(network.connect(broker.port)), 'b')).toBe(1);
  });

  it('frees the port of a stopped node and has it again', async () => {
    const network = new MemoryNetwork();
    const broker = await start(network);
    await broker.stopNode(2);
    expect(() => network.connect(broker.ports[1]!)).toThrow();
    await broker.startNode(2);
    await clientOf(network.connect(broker.ports[1]!)).send(Metadata, 12, { topics: [] });
  });

  it('takes more than it can hold at once', async () => {
    const network = new MemoryNetwork();
    const broker = await start(network);
    const client = clientOf(network.connect(broker.port));
    const large = 'x'.repeat(900_000);
    const offsets = await Promise.all(Array.from({ length: 8 }, () => produce(client, large)));
    expect(offsets).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const fetched = await Promise.all(
      offsets.map(async (fetchOffset) => {
        const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }] }];
        const { responses } = await client.send(Fetch, 12, { maxWaitMs: 0, minBytes: 1, maxBytes: 1_000_000, topics });
        return responses[0]!.partitions[0]!.records!.includes(large);
      }),
    );
    expect(fetched).toEqual(offsets.map(() => true));
  });

  it('does the same in every run, to the byte and to the order', async () => {
    const run = async (): Promise<string> => {
      const clock = new TestClock();
      const network = new MemoryNetwork({ clock, latencyMs: 3 });
      const broker = await start(network, clock);
      const trace = createHash('sha256');
      const clients = [1, 2, 3].map((number) => {
        const socket = network.connect(broker.port);
        socket.on('data', (bytes: Buffer) => trace.update(`${clock.nowMs()} ${number} `).update(bytes));
        return clientOf(socket);
      });
      await broker.faults.add({ action: 'delay', delayMs: 7, probability: 0.3, seed: 1, api: 'Produce' });
      await broker.faults.add({ action: 'error', error: 'REQUEST_TIMED_OUT', probability: 0.2, seed: 2, api: 'Produce' });
      const produced = clients.flatMap((client, index) => Array.from({ length: 20 }, (_, round) => produce(client, `${index}-${round}`)));
      let done = false;
      const all = Promise.all(produced).then((offsets) => {
        done = true;
        return offsets;
      });
      for (let step = 0; !done && step < 10_000; step++) {
        clock.advance(1);
        await turns(4);
      }
      return `${(await all).join(',')} ${trace.digest('hex')}`;
    };
    const first = await run();
    expect(first).toContain('-1');
    expect(await run()).toBe(first);
  });
});
