/** One client of the matrix against one broker: the embedded one, or Apache Kafka when `TEST_BOOTSTRAP` names it. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Broker } from '../../../src/broker/index.ts';
import type { TestClient } from './client.ts';
import { type NodeControl, reasonToSkip, runScenario } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';

const NODES = 3;

/** A Kafka to judge the scenarios by, instead of the embedded broker. */
const external = process.env.TEST_BOOTSTRAP;

/** Members of groups are to notice each other soon. */
const CONFIG = {
  'group.initial.rebalance.delay.ms': '0',
  'group.consumer.heartbeat.interval.ms': '300',
  'group.consumer.min.heartbeat.interval.ms': '300',
};

export interface TestBroker {
  readonly bootstrapServers: string;
  /** Undefined for Apache Kafka. */
  readonly nodes: NodeControl | undefined;
  close(): Promise<void>;
}

/** @param config more broker configs; Apache Kafka has its own */
export async function startTestBroker(config: Readonly<Record<string, string>> = {}): Promise<TestBroker> {
  if (external !== undefined) return { bootstrapServers: external, nodes: undefined, close: async () => {} };
  const broker = await Broker.start({ nodes: NODES, logLevel: 'error', config: { ...CONFIG, ...config } });
  return {
    bootstrapServers: broker.bootstrapServers,
    nodes: { stop: (node) => broker.stopNode(node), start: (node) => broker.startNode(node) },
    close: () => broker.close(),
  };
}

/** Before the names of all topics and groups of a run, as Apache Kafka may keep those of the run before. */
export const runPrefix = `m${Date.now().toString(36)}`;

export function describeClient(name: string, make: (bootstrapServers: string) => TestClient): void {
  describe(name, () => {
    let broker: TestBroker;
    let client: TestClient;

    beforeAll(async () => {
      broker = await startTestBroker();
      client = make(broker.bootstrapServers);
    });

    afterAll(() => broker.close());

    it.for(scenarios.map((scenario, index) => ({ ...scenario, index })))('$name', async ({ index, ...scenario }, { skip }) => {
      const reason = reasonToSkip(scenario, client, broker.nodes !== undefined);
      if (reason !== undefined) skip(reason);
      await runScenario(scenario, client, `${runPrefix}-${index}`, broker.nodes);
    });
  });
}
