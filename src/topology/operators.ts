import type { Serde } from '../serde/serde.ts';
import type { ProcessorSupplier } from './processor-api.ts';

/**
 * What each processor node does, as data. The DSL writes these, `processors/` turns each into a running operator.
 * User functions are typed loosely here: the DSL's own signatures carry the types.
 */
export type Operator =
  | { readonly type: 'filter'; readonly predicate: (key: any, value: any) => boolean; readonly not: boolean }
  | { readonly type: 'map'; readonly mapper: (key: any, value: any) => readonly [any, any] }
  | { readonly type: 'mapValues'; readonly mapper: (value: any, key: any) => any }
  | { readonly type: 'flatMap'; readonly mapper: (key: any, value: any) => Iterable<readonly [any, any]> }
  | { readonly type: 'flatMapValues'; readonly mapper: (value: any, key: any) => Iterable<any> }
  | { readonly type: 'selectKey'; readonly selector: (key: any, value: any) => any }
  | { readonly type: 'peek'; readonly action: (key: any, value: any) => void }
  | { readonly type: 'foreach'; readonly action: (key: any, value: any) => void }
  /** Forwards as it is: merge, and the children of split. */
  | { readonly type: 'passThrough' }
  /** First predicate that matches wins; child i of the node is branch i; the last child may be the default branch. */
  | {
      readonly type: 'branch';
      readonly predicates: readonly ((key: any, value: any) => boolean)[];
      readonly hasDefault: boolean;
    }
  /** Kafka Streams' KTableSource: stream of rows into a table. `store` undefined: not materialised. */
  | { readonly type: 'tableSource'; readonly store: string | undefined }
  /** KTable.toStream without mapper. */
  | { readonly type: 'tableToStream' }
  | {
      readonly type: 'tableFilter';
      readonly predicate: (key: any, value: any) => boolean;
      readonly not: boolean;
      readonly store: string | undefined;
    }
  | {
      readonly type: 'tableMapValues';
      readonly mapper: (value: any, key: any) => any;
      readonly store: string | undefined;
    }
  /** count, reduce and aggregate on a KGroupedStream. reduce: `initializer` undefined, first value is stored as it is. */
  | {
      readonly type: 'aggregate';
      readonly flavour: 'count' | 'reduce' | 'aggregate';
      readonly initializer: (() => any) | undefined;
      readonly aggregator: (key: any, value: any, aggregate: any) => any;
      readonly store: string;
    }
  | {
      readonly type: 'windowAggregate';
      readonly flavour: 'count' | 'reduce' | 'aggregate';
      readonly initializer: (() => any) | undefined;
      readonly aggregator: (key: any, value: any, aggregate: any) => any;
      readonly store: string;
      readonly windows: TimeWindowsSpec;
    }
  | {
      readonly type: 'streamTableJoin';
      readonly left: boolean;
      readonly joiner: (value: any, tableValue: any, key: any) => any;
      readonly store: string;
      /** What to do with the row found in `store` before joining: the table is a view of the stored one. Mostly empty. */
      readonly view: readonly TableViewStep[];
    }
  | {
      readonly type: 'streamGlobalTableJoin';
      readonly left: boolean;
      readonly keySelector: (key: any, value: any) => any;
      readonly joiner: (value: any, tableValue: any, key: any) => any;
      readonly store: string;
    }
  /** Before each side of a stream-stream join: forwards to the join first, then keeps the record for the other side. */
  | { readonly type: 'joinWindow'; readonly store: string }
  /** One side of a stream-stream join. */
  | {
      readonly type: 'streamJoin';
      readonly side: 'left' | 'right';
      /** Records of this side without a partner make a result with null for it. */
      readonly outer: boolean;
      /** Those of the other side do. */
      readonly otherOuter: boolean;
      readonly joiner: (leftValue: any, rightValue: any, key: any) => any;
      readonly windows: JoinWindowsSpec;
      /** Where the other side's records are. */
      readonly otherStore: string;
      /** Left and outer joins: where records without a partner wait. Also for the side whose own records do not. */
      readonly outerStore: string | undefined;
    }
  /** A user's own Processor (low-level API, or DSL `process`). */
  | { readonly type: 'custom'; readonly supplier: ProcessorSupplier<any, any, any, any> };

/**
 * One step of a table that is not stored itself: applied in order to a row of the stored table it comes from. Kafka
 * Streams' `KTableValueGetter` chain. A row that a filter rejects, and a missing row, are null and skip the steps left.
 */
export type TableViewStep =
  | { readonly type: 'filter'; readonly predicate: (key: any, value: any) => boolean; readonly not: boolean }
  | { readonly type: 'mapValues'; readonly mapper: (value: any, key: any) => any };

/** Tumbling (advance = size) or hopping windows: `[start, start + size)`, aligned to the epoch. Milliseconds. */
export interface TimeWindowsSpec {
  readonly sizeMs: number;
  readonly advanceMs: number;
  readonly graceMs: number;
}

/**
 * A left record joins the right ones from `beforeMs` before it to `afterMs` after it, both inclusive. One of the two may be
 * negative, their sum not. Milliseconds.
 */
export interface JoinWindowsSpec {
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;
}

/** Picks the partition of an output record; `undefined` falls back to Java's default (murmur2 of the key bytes). */
export type StreamPartitioner<K = any, V = any> = (topic: string, key: K | null, value: V | null, partitions: number) => number | undefined;

/** Names the topic of an output record (dynamic routing). The topic must exist. */
export type TopicNameExtractor<K = any, V = any> = (key: K | null, value: V | null, context: RecordContext) => string;

/** Where the record being processed came from. */
export interface RecordContext {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly headers: Headers;
}

/** Record headers: an ordered list, duplicates allowed, null values allowed. */
export type Headers = readonly Header[];
export type Header = readonly [key: string, value: Uint8Array | null];

/** A record as a timestamp extractor sees it. Key and value are decoded when they are first read. */
export interface ConsumedRecord<K = any, V = any> extends RecordContext {
  readonly key: K | null;
  readonly value: V | null;
}

/** Returns the record's event time in ms; a negative number drops the record. Kafka Streams' TimestampExtractor. */
export type TimestampExtractor<K = any, V = any> = (record: ConsumedRecord<K, V>, partitionTimeMs: number) => number;

export type { Serde };
