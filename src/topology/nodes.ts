import type { Serde } from '../serde/serde.ts';
import type { StoreSpec } from '../state/store-spec.ts';
import type { Operator, StreamPartitioner, TimestampExtractor, TopicNameExtractor } from './operators.ts';

/** Where a topic name comes from: the user's own, or one that gets the application id as prefix. */
export interface TopicRef {
  /** The user's topic name, or the name without prefix, e.g. `KSTREAM-AGGREGATE-STATE-STORE-0000000002-repartition`. */
  readonly name: string;
  readonly internal: boolean;
}

export interface SourceNode {
  readonly kind: 'source';
  readonly name: string;
  readonly topics: readonly TopicRef[];
  /** The topology's default where none was given. */
  readonly keySerde: Serde<any>;
  readonly valueSerde: Serde<any>;
  /** Undefined: the record's own timestamp. The topology's default extractor is filled in already. */
  readonly timestampExtractor: TimestampExtractor | undefined;
  readonly offsetReset: 'earliest' | 'latest' | 'none' | undefined;
  readonly children: readonly string[];
}

export interface ProcessorNode {
  readonly kind: 'processor';
  readonly name: string;
  readonly operator: Operator;
  /** Names of the stores this node may use, global ones included (a processor of the user's may use all of those). */
  readonly stores: readonly string[];
  readonly parents: readonly string[];
  readonly children: readonly string[];
  /** Downstream needs the value before the change: stores keep it, and `FlowRecord.oldValue` is set. */
  readonly sendOldValues: boolean;
}

export interface SinkNode {
  readonly kind: 'sink';
  readonly name: string;
  readonly topic: TopicRef | TopicNameExtractor;
  readonly keySerde: Serde<any>;
  readonly valueSerde: Serde<any>;
  /** Undefined: murmur2 of the key serde's `partitionBytes`, if it has them, else of the key's bytes. */
  readonly partitioner: StreamPartitioner | undefined;
  readonly parents: readonly string[];
}

export type NodeSpec = SourceNode | ProcessorNode | SinkNode;

/** A repartition topic: written by one sub-topology's sink, read by another's source. */
export interface RepartitionTopic {
  /** Without the application id. */
  readonly name: string;
  /** Enforced by `Repartitioned`; undefined: taken from the co-partition group or the upstream topics. */
  readonly partitions: number | undefined;
}

/** Connected nodes: what runs together in one task per partition. */
export interface SubTopology {
  readonly id: number;
  readonly sources: readonly SourceNode[];
  readonly processors: readonly ProcessorNode[];
  readonly sinks: readonly SinkNode[];
  /** Partitioned stores of this sub-topology. */
  readonly stores: readonly StoreSpec<any, any>[];
  /** Groups of source topics that must have equally many partitions (joins). */
  readonly copartitionGroups: readonly (readonly TopicRef[])[];
}

/** A store that every shard holds in full, fed from all partitions of one topic. */
export interface GlobalStore {
  /** Its place in the numbering that describe() prints. */
  readonly id: number;
  readonly source: SourceNode;
  readonly processor: ProcessorNode;
  readonly store: StoreSpec<any, any>;
}

/** A topology, checked and numbered: what the coordinator schedules and a shard runs. */
export interface Plan {
  readonly subTopologies: readonly SubTopology[];
  readonly globalStores: readonly GlobalStore[];
  readonly repartitionTopics: readonly RepartitionTopic[];
  /** Hex SHA-256 over everything above but functions; coordinator and shards compare it. */
  readonly hash: string;
}
