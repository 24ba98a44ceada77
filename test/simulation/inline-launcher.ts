import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { loadTopology } from '../../src/dsl/load.ts';
import { MillraceError, serializeError } from '../../src/errors.ts';
import type { FromShard, ShardStart } from '../../src/shard/messages.ts';
import { type CreateLauncher, deliverRest, type ShardHandle, type ShardLauncher, type ShardListener } from '../../src/shard/pool.ts';
import { Shard } from '../../src/shard/shard.ts';

/** Runs shards in the main thread, message ports and all: quick to start, and they can die at any point. */
export class InlineLauncher implements ShardLauncher {
  readonly handles: ShardHandle[] = [];
  readonly #listener: ShardListener;

  constructor(listener: ShardListener) {
    this.#listener = listener;
  }

  launch(start: ShardStart): ShardHandle {
    const { port1, port2 } = new MessageChannel();
    let settle = (_: Error | undefined) => {};
    const over = new Promise<Error | undefined>((resolve) => {
      settle = resolve;
    });
    const handle: ShardHandle = {
      index: start.shard,
      post: (message, transfer) => port1.postMessage(message, transfer ?? []),
      ended: over.then(() => undefined),
      kill: () => settle(new MillraceError('SHARD_DIED', `Shard ${start.shard} was killed.`)),
    };
    this.handles.push(handle);
    port1.on('message', (message: FromShard) => this.#listener.onMessage(handle, message));
    void run(start, port2).then(() => settle(undefined));
    void over.then((error) => {
      if (error === undefined) deliverRest(port1, (message) => this.#listener.onMessage(handle, message));
      port1.close();
      this.handles.splice(this.handles.indexOf(handle), 1);
      if (error !== undefined) this.#listener.onDeath(handle, error);
    });
    return handle;
  }

  async destroy(): Promise<void> {
    for (const handle of [...this.handles]) handle.kill();
  }
}

/** As workers/shard.ts. */
async function run(start: ShardStart, port: MessagePort): Promise<void> {
  try {
    const shard = new Shard(start, port, await loadTopology(start.topologyUrl));
    shard.listen();
    await shard.ended;
  } catch (error) {
    port.postMessage({ type: 'startFailed', error: serializeError(error) } satisfies FromShard);
  }
}

/** Makes launchers and tells of each, so that a test can kill its shards. */
export function inlineLauncher(onCreated: (launcher: InlineLauncher) => void = () => {}): CreateLauncher {
  return (_threads, _topologyUrl, listener) => {
    const launcher = new InlineLauncher(listener);
    onCreated(launcher);
    return launcher;
  };
}
