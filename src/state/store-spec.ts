import type { Serde } from '../serde/serde.ts';

/**
 * What a state store is, as data: the topology carries it, and a shard builds one store per task from it.
 * Kafka Streams' `StoreBuilder`.
 */
export type StoreKind =
  | 'keyValue'
  | 'timestampedKeyValue'
  | 'window'
  | 'timestampedWindow'
  /** One side of a stream-stream join. */
  | 'joinWindow'
  /** What both sides of a left or outer stream-stream join share: the records that have no partner yet. */
  | 'outerJoin';

export interface StoreSpec<K = unknown, V = unknown> {
  readonly name: string;
  readonly kind: StoreKind;
  readonly keySerde: Serde<K>;
  readonly valueSerde: Serde<V>;
  /** Stores of kind `outerJoin`: serde of the right side's values; `valueSerde` is the left side's. */
  readonly otherValueSerde?: Serde<any> | undefined;
  /** Changelog topic; `config` overrides the topic configs Kafka Streams would set. */
  readonly logging: { readonly enabled: boolean; readonly config: Readonly<Record<string, string>> };
  /** Collapse the updates of one commit interval and forward them at commit. Kafka Streams' `withCachingEnabled`. */
  readonly caching: boolean;
  /** Window stores: how long a window is kept after its start, in ms of stream time. */
  readonly retentionMs?: number;
  /** Window stores: length of a window in ms. */
  readonly windowSizeMs?: number;
  /** Window stores: keep several values of one key and time (stream-stream joins). Default false. */
  readonly retainDuplicates?: boolean;
  /** A topic that serves as the changelog itself (global stores, `topology.optimization`). No changelog is made then. */
  readonly sourceTopic?: string;
}
