import { loadTopology } from '../src/dsl/load.ts';
import { serializeError } from '../src/errors.ts';
import type { FromShard } from '../src/shard/messages.ts';
import type { ShardTaskArgument } from '../src/shard/pool.ts';
import { Shard } from '../src/shard/shard.ts';

/** The one piscina task of a shard's thread: runs until the coordinator closes the shard. */
export default async function shard({ start, port }: ShardTaskArgument): Promise<void> {
  try {
    const running = new Shard(start, port, await loadTopology(start.topologyUrl));
    running.listen();
    await running.ended;
  } catch (error) {
    port.postMessage({ type: 'startFailed', error: serializeError(error) } satisfies FromShard);
  }
}
