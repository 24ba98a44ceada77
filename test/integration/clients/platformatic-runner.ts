/**
 * Runs the scenarios with @platformatic/kafka, in a newer Node than the tests have:
 * `node platformatic-runner.ts PACKAGE_DIRECTORY BOOTSTRAP_SERVERS PREFIX CAN_STOP_NODES`. What comes of each goes to the
 * parent as a message; nodes are stopped and started by asking it.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Platformatic, platformaticClient } from './adapters/platformatic.ts';
import { type NodeControl, reasonToSkip, runScenario } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';

/** What the runner tells. */
export type RunnerMessage =
  | { readonly type: 'outcome'; readonly name: string; readonly error?: string; readonly skipped?: string }
  | { readonly type: 'node'; readonly call: 'stop' | 'start'; readonly node: number };

async function main([directory = '', bootstrapServers = '', prefix = '', canStopNodes = '']: readonly string[]): Promise<void> {
  const entry = createRequire(join(directory, 'package.json')).resolve('@platformatic/kafka');
  const kafka = (await import(pathToFileURL(entry).href)) as Platformatic;
  const client = platformaticClient(kafka, bootstrapServers);
  const nodes = canStopNodes === 'true' ? nodeControl() : undefined;
  for (const [index, scenario] of scenarios.entries()) {
    const { name } = scenario;
    const skipped = reasonToSkip(scenario, client, nodes !== undefined);
    if (skipped !== undefined) {
      tell({ type: 'outcome', name, skipped });
      continue;
    }
    try {
      await runScenario(scenario, client, `${prefix}-${index}`, nodes);
      tell({ type: 'outcome', name });
    } catch (error) {
      tell({ type: 'outcome', name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
}

function tell(message: RunnerMessage): void {
  process.send?.(message);
}

function nodeControl(): NodeControl {
  const ask = (call: 'stop' | 'start', node: number): Promise<void> =>
    new Promise((resolve) => {
      process.once('message', () => resolve());
      tell({ type: 'node', call, node });
    });
  return { stop: (node) => ask('stop', node), start: (node) => ask('start', node) };
}

process.on('unhandledRejection', (error) => console.error('unhandled', error));
await main(process.argv.slice(2));
process.exit(0);
