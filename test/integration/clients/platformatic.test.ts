import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { runPrefix, startTestBroker, type TestBroker } from './matrix.ts';
import { type NewerNode, newerNode } from './newer-node.ts';
import type { RunnerMessage } from './platformatic-runner.ts';
import { scenarios } from './scenarios/index.ts';

type Outcome = Extract<RunnerMessage, { type: 'outcome' }>;

const RUN_TIMEOUT_MS = 300_000;

describe('@platformatic/kafka', () => {
  let broker: TestBroker | undefined;
  let outcomes: ReadonlyMap<string, Outcome> = new Map();
  let missing: string | undefined;

  beforeAll(async () => {
    const newer = await newerNode();
    if (typeof newer === 'string') {
      missing = newer;
      return;
    }
    broker = await startTestBroker();
    outcomes = await runAll(newer, broker);
  }, RUN_TIMEOUT_MS);

  afterAll(() => broker?.close());

  it.for(scenarios.map(({ name }) => ({ name })))('$name', ({ name }, { skip }) => {
    if (missing !== undefined) skip(missing);
    const outcome = outcomes.get(name);
    if (outcome === undefined) throw new Error('The process of the client ended before it came to this scenario.');
    if (outcome.skipped !== undefined) skip(outcome.skipped);
    if (outcome.error !== undefined) throw new Error(outcome.error);
  });
});

/** All scenarios in one process; it says what came of each, and asks for nodes to be stopped and started. */
function runAll({ node, directory }: NewerNode, broker: TestBroker): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const runner = fileURLToPath(new URL('platformatic-runner.ts', import.meta.url));
  const parameters = [directory, broker.bootstrapServers, `${runPrefix}p`, String(broker.nodes !== undefined)];
  const child = spawn(node, [runner, ...parameters], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_TIMEOUT_MS - 10_000);
  child.on('message', async (message: RunnerMessage) => {
    if (message.type === 'outcome') {
      outcomes.set(message.name, message);
      return;
    }
    await broker.nodes?.[message.call](message.node);
    child.send({});
  });
  return new Promise((resolve) => {
    child.once('exit', () => {
      clearTimeout(timer);
      resolve(outcomes);
    });
  });
}
