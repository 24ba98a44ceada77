import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * librdkafka's mock cluster: groups, transactions, four partitions per topic that is created by first use. It knows no
 * CreateTopics, DeleteRecords or read_committed.
 */
export interface MockBroker {
  readonly bootstrapServers: string;
  stop(): Promise<void>;
}

export async function startMockBroker(brokers = 1): Promise<MockBroker> {
  const script = fileURLToPath(new URL('./mock-broker-process.mjs', import.meta.url));
  const child: ChildProcess = fork(script, [String(brokers)], { execArgv: [] });
  const [bootstrapServers] = (await once(child, 'message')) as [string];
  return {
    bootstrapServers,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
