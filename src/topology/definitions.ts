import type { Serde } from '../serde/serde.ts';
import type { StoreSpec } from '../state/store-spec.ts';
import type { DeserializationExceptionHandler, ProcessingExceptionHandler, ProductionExceptionHandler } from './handlers.ts';
import type { TopicRef } from './nodes.ts';
import type { Operator, StreamPartitioner, TimestampExtractor, TopicNameExtractor } from './operators.ts';

/**
 * Nodes and stores as they are added, before a plan is made of them: serdes may still be missing, because the
 * topology's defaults fill them in, and nodes know their parents but not their children.
 */

/** Options of a whole topology: what a source, sink, store or handler falls back to. Kafka Streams' `TopologyConfig`. */
export interface TopologyOptions {
  /** `default.key.serde`. No default: a missing serde is an error that names the node. */
  readonly defaultKeySerde?: Serde<any>;
  /** `default.value.serde`. */
  readonly defaultValueSerde?: Serde<any>;
  /** `default.timestamp.extractor`. Default: the record's own timestamp; a negative one is an error. */
  readonly defaultTimestampExtractor?: TimestampExtractor;
  /** Called in the shard for bytes that cannot be read. Default: the config's `deserializationExceptionHandler`. */
  readonly deserializationExceptionHandler?: DeserializationExceptionHandler;
  /** Called in the shard when a user function throws. Default: the config's `processingExceptionHandler`. */
  readonly processingExceptionHandler?: ProcessingExceptionHandler;
  /** Called in the shard for output that cannot be written. Default: the config's `productionExceptionHandler`. */
  readonly productionExceptionHandler?: ProductionExceptionHandler;
}

/** A store whose serdes may be left to the topology's defaults. */
export type StoreDefinition<K = any, V = any> = Omit<StoreSpec<K, V>, 'keySerde' | 'valueSerde'> & {
  readonly keySerde: Serde<K> | undefined;
  readonly valueSerde: Serde<V> | undefined;
};

export interface SourceDefinition {
  readonly kind: 'source';
  readonly name: string;
  readonly topics: readonly TopicRef[];
  readonly keySerde: Serde<any> | undefined;
  readonly valueSerde: Serde<any> | undefined;
  readonly timestampExtractor: TimestampExtractor | undefined;
  readonly offsetReset: 'earliest' | 'latest' | 'none' | undefined;
}

export interface ProcessorDefinition {
  readonly kind: 'processor';
  readonly name: string;
  readonly operator: Operator;
  readonly parents: readonly string[];
  readonly sendOldValues: boolean;
  /** Connected partitioned stores, in the order in which they were connected. */
  readonly stores: string[];
  /** Global stores it looks up by itself: readable without a connection, and not shown by describe(). */
  readonly globalStores: readonly string[];
}

export interface SinkDefinition {
  readonly kind: 'sink';
  readonly name: string;
  readonly topic: TopicRef | TopicNameExtractor;
  readonly parents: readonly string[];
  readonly keySerde: Serde<any> | undefined;
  readonly valueSerde: Serde<any> | undefined;
  readonly partitioner: StreamPartitioner | undefined;
}

export type NodeDefinition = SourceDefinition | ProcessorDefinition | SinkDefinition;

/** A partitioned store, and the processors connected to it. */
export interface StoreEntry {
  readonly definition: StoreDefinition;
  readonly processors: string[];
}

export interface GlobalStoreEntry {
  readonly definition: StoreDefinition;
  readonly source: string;
  readonly processor: string;
}
