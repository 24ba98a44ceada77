import { MessageChannel, type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { MillraceError } from '../errors.ts';
import { workerEntry } from '../worker-entry.ts';
import type { FromShard, ShardStart, ToShard } from './messages.ts';

/** What the one long-running piscina task of a shard is called with. */
export interface ShardTaskArgument {
  readonly start: ShardStart;
  readonly port: MessagePort;
}

/** The coordinator's end of one running shard. A handle dies with its thread; a replacement is a new handle. */
export interface ShardHandle {
  readonly index: number;
  post(message: ToShard, transfer?: readonly Transferable[]): void;
  /** Resolves when the shard has ended after a `close` message. */
  readonly ended: Promise<void>;
  /** Ends the thread wherever it is, without a chance to clean up. */
  kill(): void;
}

export interface ShardListener {
  onMessage(shard: ShardHandle, message: FromShard): void;
  /** The thread ended by itself: crash, out of memory, `process.exit`, or {@link ShardHandle.kill}. */
  onDeath(shard: ShardHandle, error: Error): void;
}

/** Starts shards. {@link ShardPool} does it on threads; tests also run them in the main thread. */
export interface ShardLauncher {
  /** Starts shard `start.shard`. */
  launch(start: ShardStart): ShardHandle;
  /** Ends everything. Shards that were closed before end cleanly; others are cut off. */
  destroy(): Promise<void>;
}

/** Makes the launcher of an engine with so many shards, whose topology is in the module at `topologyUrl`. */
export type CreateLauncher = (threads: number, topologyUrl: string, listener: ShardListener) => ShardLauncher;

export const createShardPool: CreateLauncher = (threads, topologyUrl, listener) => new ShardPool(threads, topologyUrl, listener);

/**
 * Worker threads by piscina, one per shard. A shard is a single task that runs as long as the shard lives, so it never
 * changes threads and nothing waits in piscina's queue, which could reorder. When a thread dies piscina rejects that
 * task and fills the place with a fresh thread, on which {@link ShardPool.launch} starts the shard again.
 */
export class ShardPool implements ShardLauncher {
  readonly #pool: Piscina<ShardTaskArgument, void>;
  readonly #listener: ShardListener;
  readonly #handles = new Set<{ port: MessagePort }>();

  constructor(threads: number, topologyUrl: string, listener: ShardListener) {
    const entry = workerEntry(new URL('../../workers/shard.ts', import.meta.url), [topologyUrl]);
    this.#listener = listener;
    this.#pool = new Piscina({
      filename: entry.url,
      execArgv: entry.execArgv,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      // A shard serves its port and its timers while its task runs; parking the thread in Atomics.wait would stop both.
      atomics: 'disabled',
      recordTiming: false,
    });
    // A thread that cannot even start is reported by the task it should have run.
    this.#pool.on('error', () => {});
  }

  launch(start: ShardStart): ShardHandle {
    const { port1, port2 } = new MessageChannel();
    const abort = new AbortController();
    const listener = this.#listener;
    const finished = this.#pool.run({ start, port: port2 }, { transferList: [port2], signal: abort.signal, name: 'default' });
    const handle: ShardHandle = {
      index: start.shard,
      post: (message, transfer) => port1.postMessage(message, transfer ?? []),
      ended: finished.then(
        () => undefined,
        () => undefined,
      ),
      kill: () => abort.abort(),
    };
    const entry = { port: port1 };
    this.#handles.add(entry);
    port1.on('message', (message: FromShard) => listener.onMessage(handle, message));
    const end = (): void => {
      // What it said last may still be in the port, such as why it did not start.
      if (this.#handles.delete(entry)) deliverRest(port1, (message) => listener.onMessage(handle, message));
      port1.close();
    };
    finished.then(end, (cause: unknown) => {
      end();
      listener.onDeath(handle, shardDied(start.shard, cause));
    });
    return handle;
  }

  async destroy(): Promise<void> {
    for (const { port } of this.#handles) port.removeAllListeners('message');
    this.#handles.clear();
    await this.#pool.destroy();
  }
}

/** Delivers what was sent through a port and not received yet. */
export function deliverRest(port: MessagePort, deliver: (message: FromShard) => void): void {
  for (let found = receiveMessageOnPort(port); found !== undefined; found = receiveMessageOnPort(port)) deliver(found.message as FromShard);
}

function shardDied(shard: number, cause: unknown): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError('SHARD_DIED', `The worker thread of shard ${shard} ended unexpectedly: ${reason}`, {
    cause,
    context: { shard },
  });
}
