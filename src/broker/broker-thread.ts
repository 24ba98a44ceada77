/** The broker's own thread: starts a broker, and does what the thread that wants it asks for. */

import { parentPort, workerData } from 'node:worker_threads';
import { MillraceError, type SerializedError, serializeError } from '../errors.ts';
import { BrokerCore } from './broker-core.ts';
import type { ResolvedBrokerOptions } from './options.ts';

/** What a broker tells of itself once it listens. */
export interface BrokerFacts {
  readonly bootstrapServers: string;
  readonly ports: readonly number[];
  readonly clusterId: string;
}

/** Something to do, answered by the `done` or `failed` with the same id. */
export type BrokerCall =
  | { readonly id: number; readonly method: 'close' }
  | { readonly id: number; readonly method: 'stopNode' | 'startNode'; readonly node: number }
  | { readonly id: number; readonly method: 'moveLeader'; readonly topic: string; readonly partition: number; readonly node: number };

export type FromBrokerThread =
  | { readonly type: 'started'; readonly facts: BrokerFacts }
  | { readonly type: 'start-failed'; readonly error: SerializedError }
  | { readonly type: 'done'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly error: SerializedError };

/** Runs until it is closed. Must be the entry of a worker thread. */
export async function runBrokerThread(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new MillraceError('INVALID_STATE', 'workers/broker.ts must run in a worker thread.');
  const post = (message: FromBrokerThread): void => port.postMessage(message);
  try {
    const core = await BrokerCore.start(workerData as ResolvedBrokerOptions);
    port.on('message', (call: BrokerCall) => {
      perform(core, call).then(
        () => {
          post({ type: 'done', id: call.id });
          // Nothing else keeps the thread alive.
          if (call.method === 'close') port.close();
        },
        (error: unknown) => post({ type: 'failed', id: call.id, error: serializeError(error) }),
      );
    });
    post({ type: 'started', facts: factsOf(core) });
  } catch (error) {
    post({ type: 'start-failed', error: serializeError(error) });
  }
}

export function factsOf({ bootstrapServers, ports, clusterId }: BrokerCore): BrokerFacts {
  return { bootstrapServers, ports, clusterId };
}

export async function perform(core: BrokerCore, call: BrokerCall): Promise<void> {
  switch (call.method) {
    case 'close':
      return core.close();
    case 'stopNode':
      return core.stopNode(call.node);
    case 'startNode':
      return core.startNode(call.node);
    case 'moveLeader':
      return core.moveLeader(call.topic, call.partition, call.node);
  }
}
