import type { Serde } from '../serde/serde.ts';
import type { StoreSpec } from '../state/store-spec.ts';
import type { StreamPartitioner, TimestampExtractor } from '../topology/operators.ts';
import type { LoggingOption } from '../topology/stores.ts';

/**
 * Options of the DSL's operations, with Kafka Streams' words. A serde that is not given is inherited from the stream
 * before, else the builder's default; where there is none either, planning fails and names the operation.
 */

/** Kafka Streams' `Named`. */
export interface NamedOptions {
  /** Name of the processor node: `[a-zA-Z0-9._-]`, at most 249 characters. Default: generated. */
  readonly name?: string;
}

/** Kafka Streams' `Consumed`. */
export interface ConsumedOptions<K, V> extends NamedOptions {
  readonly keySerde?: Serde<K>;
  readonly valueSerde?: Serde<V>;
  /** Event time of a record. Default: the builder's default extractor, else the record's own timestamp. */
  readonly timestampExtractor?: TimestampExtractor<K, V>;
  /** Where to begin without a committed offset. Default: the config's `autoOffsetReset`. */
  readonly offsetReset?: 'earliest' | 'latest' | 'none';
}

/** Kafka Streams' `Produced`. */
export interface ProducedOptions<K, V> extends NamedOptions {
  readonly keySerde?: Serde<K>;
  readonly valueSerde?: Serde<V>;
  /** Default: murmur2 of the key's bytes, as Java's producer; of the inner key's bytes for windowed keys. */
  readonly partitioner?: StreamPartitioner<K, V>;
}

/** Kafka Streams' `Grouped`: `name` names the repartition topic, `<name>-repartition`. */
export interface GroupedOptions<K, V> extends NamedOptions {
  readonly keySerde?: Serde<K>;
  readonly valueSerde?: Serde<V>;
}

/** Kafka Streams' `Repartitioned`. */
export interface RepartitionedOptions<K, V> extends ProducedOptions<K, V> {
  /** Partitions of the topic; anything else that exists or is joined with it is then an error. Default: derived. */
  readonly partitions?: number;
}

/** Kafka Streams' `Joined`: the serdes are those of the stream, in case it must be repartitioned. */
export interface JoinedOptions<K, V> extends NamedOptions {
  readonly keySerde?: Serde<K>;
  readonly valueSerde?: Serde<V>;
}

/** Kafka Streams' `StreamJoined`: a join of two streams. */
export interface StreamJoinedOptions<K, V, VO> {
  /** Begins the names of the join's nodes, and of the repartition topics: `<name>-left-repartition`, `<name>-right-repartition`. */
  readonly name?: string;
  /** Begins the names of the join's stores, and so of their changelogs. Default: generated. */
  readonly storeName?: string;
  readonly keySerde?: Serde<K>;
  /** Of the stream that `join` is called on. */
  readonly valueSerde?: Serde<V>;
  /** Of the stream that it is joined with. */
  readonly otherValueSerde?: Serde<VO>;
  /** Changelog topics, with topic configs of your own if given. Default true. */
  readonly logging?: LoggingOption;
}

/** Kafka Streams' `Materialized`: how a table is stored. */
export interface MaterializedOptions<K, V> {
  /** Name of the store, by which it can be queried; the changelog is `<application id>-<name>-changelog`. */
  readonly as?: string;
  readonly keySerde?: Serde<K>;
  readonly valueSerde?: Serde<V>;
  /** Collapse the updates of a commit interval into one. Default true. */
  readonly caching?: boolean;
  /** Changelog topic, with topic configs of your own if given. Default true. */
  readonly logging?: LoggingOption;
}

export interface WindowMaterializedOptions<K, V> extends MaterializedOptions<K, V> {
  /** How long a window is kept after its start, in ms of stream time. Default, and at least: window size plus grace. */
  readonly retentionMs?: number;
}

/** Options of an operation that makes a stored table: a node name and how to store it. */
export type StoredOptions<K, V> = NamedOptions & MaterializedOptions<K, V>;
export type WindowStoredOptions<K, V> = NamedOptions & WindowMaterializedOptions<K, V>;

/** `table(topic)` and `globalTable(topic)`: how to read and how to store. */
export type TableOptions<K, V> = ConsumedOptions<K, V> & MaterializedOptions<K, V>;

export interface ProcessOptions extends NamedOptions {
  /** Names of stores that were added to the builder, or stores to add and connect. */
  readonly stores?: readonly (string | StoreSpec<any, any>)[];
}

export interface PrintOptions<K, V> extends NamedOptions {
  /** Printed in front of each record. Default: the name of the node before. */
  readonly label?: string;
  /** Default: `key, value`. */
  readonly format?: (key: K, value: V) => string;
}
