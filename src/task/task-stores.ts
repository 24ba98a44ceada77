import { MillraceError } from '../errors.ts';
import { RecordCursor } from '../protocol/index.ts';
import { type ChangelogWriter, createStore, type RecordCache, type StateStore, type StoreTable } from '../state/index.ts';
import type { SubTopology } from '../topology/nodes.ts';
import { changelogTopic } from '../topology/topic-names.ts';
import type { OutputCollector } from './output-collector.ts';
import type { TaskOrigin } from './record-origin.ts';

interface OwnStore {
  readonly store: StateStore;
  /** Undefined: not logged, or its source topic is its changelog. */
  readonly changelog: ChangelogWriter | undefined;
}

/** The stores of one task, and their changelogs. */
export class TaskStores {
  private readonly stores = new Map<string, OwnStore>();
  private readonly cursor = new RecordCursor();

  constructor(
    subTopology: SubTopology,
    applicationId: string,
    partition: number,
    outputs: OutputCollector,
    origin: TaskOrigin,
    cache: RecordCache,
  ) {
    for (const spec of subTopology.stores) {
      const topic = changelogTopic(spec, applicationId);
      const store = createStore(spec, { topic: topic ?? spec.name, origin, cache });
      const logged = topic !== undefined && spec.sourceTopic === undefined;
      const changelog = logged ? outputs.changelogWriter(topic, partition) : undefined;
      if (changelog !== undefined) tableOf(store).logTo?.(changelog);
      this.stores.set(spec.name, { store, changelog });
    }
  }

  get(name: string): StateStore | undefined {
    return this.stores.get(name)?.store;
  }

  /** Applies changelog batches. Returns the number of records. */
  restore(name: string, bytes: Uint8Array): number {
    const own = this.stores.get(name);
    if (own === undefined)
      throw new MillraceError('INTERNAL', `This task has no store "${name}" to restore.`, { context: { store: name } });
    this.cursor.reset(bytes);
    return tableOf(own.store).restoreBatch(this.cursor);
  }

  /** Forwards what the caches hold back, upstream stores first, until nothing is left. */
  flushCaches(): void {
    // Each pass reaches at least one store further down, so that as many passes as stores are enough.
    for (let pass = 0; pass < this.stores.size; pass++) {
      let waiting = false;
      for (const { store } of this.stores.values()) {
        const table = tableOf(store);
        if (table.oldestTick === Number.POSITIVE_INFINITY) continue;
        waiting = true;
        table.flushCache();
      }
      if (!waiting) return;
    }
  }

  /** Writes each changed key once into its changelog. */
  writeChangelogs(): void {
    for (const { store, changelog } of this.stores.values()) if (changelog !== undefined) tableOf(store).writeChangelog(changelog);
  }

  close(): void {
    for (const { store } of this.stores.values()) tableOf(store).close();
  }
}

function tableOf(store: StateStore): StoreTable {
  return store.table;
}
