import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { KafkaStreamsConfig } from '../../src/config.ts';
import { KafkaStreams, type StreamsLogger } from '../../src/kafka-streams.ts';
import { type CreateLauncher, createShardPool, type ShardHandle } from '../../src/shard/pool.ts';
import type { FakeCluster } from './fake-cluster.ts';
import { FakeTransport } from './fake-transport.ts';
import { InlineLauncher } from './inline-launcher.ts';

export type ShardsRun = 'inline' | 'threads';

export interface InstanceOptions {
  readonly cluster: FakeCluster;
  readonly topology: string;
  readonly config: KafkaStreamsConfig;
  readonly shards: ShardsRun;
  readonly logger: StreamsLogger;
}

/** One instance of an application on a {@link FakeCluster}, which can be killed as a whole or by the shard. */
export class Instance {
  readonly streams: KafkaStreams;
  transport: FakeTransport | undefined;
  crashed = false;
  /** start() has resolved; set by whoever called it. */
  started = false;
  /** Called with the transport before it is used. */
  onTransport: (transport: FakeTransport) => void = () => {};
  readonly #options: InstanceOptions;
  #handles: readonly ShardHandle[] = [];

  constructor(options: InstanceOptions) {
    this.#options = options;
    const { cluster, config, topology, logger } = options;
    this.streams = new KafkaStreams(topology, config, {
      logger,
      internals: {
        createTransport: async ({ applicationId, processingGuarantee }, processId) => {
          const transactionalId = processingGuarantee === 'exactly_once_v2' ? `${applicationId}-${processId}` : undefined;
          this.transport = new FakeTransport(cluster, transactionalId);
          this.onTransport(this.transport);
          return this.transport;
        },
        createLauncher: this.#createLauncher(),
      },
    });
    this.streams.setUncaughtExceptionHandler(() => 'replace-thread');
  }

  #createLauncher(): CreateLauncher {
    return (threads, topologyUrl, listener) => {
      if (this.#options.shards === 'inline') {
        const launcher = new InlineLauncher(listener);
        this.#handles = launcher.handles;
        return launcher;
      }
      const pool = createShardPool(threads, topologyUrl, listener);
      const handles: ShardHandle[] = [];
      this.#handles = handles;
      const launch: typeof pool.launch = (start) => {
        const handle = pool.launch(start);
        handles.push(handle);
        return handle;
      };
      return { launch, destroy: () => pool.destroy() };
    };
  }

  /** Ends one of its shards, wherever it is. */
  killShard(choose: (count: number) => number): void {
    const handle = this.#handles[choose(Math.max(1, this.#handles.length))];
    handle?.kill();
  }

  /** As `kill -9` of the process: nothing it does reaches the cluster any more, and its lock is left over. */
  crash(): void {
    this.crashed = true;
    this.transport?.crash();
    void this.streams.close(100);
    removeLocks(this.#options.config.stateDir ?? '');
  }
}

function removeLocks(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.name === '.lock') rmSync(join(entry.parentPath, entry.name), { force: true });
  }
}
