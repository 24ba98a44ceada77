/** The broker's own thread: starts a broker, and does what the thread that wants it asks for. */

import { parentPort, workerData } from 'node:worker_threads';
import { MillraceError, type SerializedError, serializeError } from '../errors.ts';
import { BrokerCore } from './broker-core.ts';
import type { BrokerControls, ControlCall } from './control/controls.ts';
import type { ResolvedBrokerOptions } from './options.ts';

/** What a broker tells of itself once it listens. */
export interface BrokerFacts {
  readonly bootstrapServers: string;
  readonly ports: readonly number[];
  readonly clusterId: string;
  /** Undefined: there is none. */
  readonly adminPort: number | undefined;
}

/** Something to do, answered by the `done` or `failed` with the same id. */
export type BrokerCall =
  | { readonly id: number; readonly type: 'close' }
  | { readonly id: number; readonly type: 'control'; readonly control: ControlCall };

export type FromBrokerThread =
  | { readonly type: 'started'; readonly facts: BrokerFacts }
  | { readonly type: 'start-failed'; readonly error: SerializedError }
  | { readonly type: 'done'; readonly id: number; readonly result: unknown }
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
        (result) => {
          post({ type: 'done', id: call.id, result });
          // Nothing else keeps the thread alive.
          if (call.type === 'close') port.close();
        },
        (error: unknown) => post({ type: 'failed', id: call.id, error: serializeError(error) }),
      );
    });
    post({ type: 'started', facts: factsOf(core) });
  } catch (error) {
    post({ type: 'start-failed', error: serializeError(error) });
  }
}

export function factsOf({ bootstrapServers, ports, clusterId, adminPort }: BrokerCore): BrokerFacts {
  return { bootstrapServers, ports, clusterId, adminPort };
}

async function perform(core: BrokerCore, call: BrokerCall): Promise<unknown> {
  return call.type === 'close' ? core.close() : performControl(core.controls, call.control);
}

/** Makes the call; what it throws comes as a rejection. */
export async function performControl(controls: BrokerControls, { name, args }: ControlCall): Promise<unknown> {
  const control = controls[name] as (...args: unknown[]) => unknown;
  return control.apply(controls, args as unknown[]);
}
