import type { DslContext } from './context.ts';

/**
 * A table that every shard holds in full, for joins by any key without repartitioning. Made by
 * `StreamsBuilder.globalTable`; `K` and `V` are the types of its rows.
 */
export class GlobalKTable<K, V> {
  /** Name of the store to query; undefined where none was given (`{ as }`). */
  readonly queryableStoreName: string | undefined;
  /** @internal */
  readonly context: DslContext;
  /** @internal */
  readonly storeName: string;
  /** Carries the row types; never set. */
  declare readonly rowType?: readonly [K, V];

  /** @internal */
  constructor(context: DslContext, storeName: string, queryableStoreName: string | undefined) {
    this.context = context;
    this.storeName = storeName;
    this.queryableStoreName = queryableStoreName;
  }
}
