/**
 * Scenarios: programs and their input as plain JSON, so that Kafka Streams (through `test/java`) and Millrace run exactly
 * the same thing. `expressions.ts` says what the expressions mean.
 */

/** A literal (string, number, boolean, null), a variable `['k']`, or an operation with its arguments. */
export type Expression = string | number | boolean | null | Operation;
/** The operation's name, then its operands. */
export interface Operation extends ReadonlyArray<Expression> {
  readonly 0: string;
}

/** `string`, `long`, `int`, `short`, `double`, `float`, `boolean`, `uuid`, `bytes`, `biglong`, or `windowed:<inner>:<size in ms>`. */
export type SerdeName = string;
/** Key serde and value serde. */
export type SerdePair = readonly [key: SerdeName, value: SerdeName];

export interface Storing {
  /** Store name; without one the store's name is generated, or there is none. */
  readonly as?: string;
  readonly storeSerdes?: SerdePair;
  readonly caching?: boolean;
  readonly logging?: boolean;
  readonly retentionMs?: number;
}

export interface StoreStep {
  readonly op: 'store';
  readonly store: string;
  readonly kind: 'keyValue' | 'timestampedKeyValue' | 'window' | 'timestampedWindow';
  readonly serdes: SerdePair;
  readonly caching?: boolean;
  readonly logging?: boolean;
  readonly windowSizeMs?: number;
  readonly retentionMs?: number;
  readonly retainDuplicates?: boolean;
  /** Low-level API: processors to connect. */
  readonly processors?: readonly string[];
}

/** One call on the builder. `id` names what it returns, `from` what it is called on. */
export type Step =
  | {
      readonly op: 'stream';
      readonly id: string;
      readonly topics: readonly string[];
      readonly serdes: SerdePair;
      readonly timestamp?: Expression;
    }
  | ({ readonly op: 'table' | 'globalTable'; readonly id: string; readonly topic: string; readonly serdes: SerdePair } & Storing)
  | ({ readonly op: 'filter' | 'filterNot'; readonly id: string; readonly from: string; readonly fn: Expression } & Storing)
  | { readonly op: 'map'; readonly id: string; readonly from: string; readonly key: Expression; readonly value: Expression }
  | ({ readonly op: 'mapValues'; readonly id: string; readonly from: string; readonly fn: Expression } & Storing)
  | {
      readonly op: 'flatMap' | 'flatMapValues' | 'selectKey' | 'peek' | 'foreach';
      readonly id: string;
      readonly from: string;
      readonly fn: Expression;
    }
  | { readonly op: 'merge'; readonly id: string; readonly from: string; readonly with: string }
  | {
      readonly op: 'split';
      readonly from: string;
      readonly branches: readonly { readonly id: string; readonly fn: Expression }[];
      readonly default?: string;
    }
  | {
      readonly op: 'groupBy';
      readonly id: string;
      readonly from: string;
      readonly fn: Expression;
      readonly serdes: SerdePair;
      readonly name?: string;
    }
  | { readonly op: 'groupByKey'; readonly id: string; readonly from: string; readonly serdes: SerdePair; readonly name?: string }
  | {
      readonly op: 'windowedBy';
      readonly id: string;
      readonly from: string;
      readonly sizeMs: number;
      readonly advanceMs?: number;
      readonly graceMs: number;
    }
  | ({ readonly op: 'count'; readonly id: string; readonly from: string } & Storing)
  | ({ readonly op: 'reduce'; readonly id: string; readonly from: string; readonly fn: Expression } & Storing)
  | ({ readonly op: 'aggregate'; readonly id: string; readonly from: string; readonly init: Expression; readonly fn: Expression } & Storing)
  | { readonly op: 'toStream'; readonly id: string; readonly from: string; readonly fn?: Expression }
  | ({ readonly op: 'toTable'; readonly id: string; readonly from: string } & Storing)
  | {
      readonly op: 'join' | 'leftJoin';
      readonly id: string;
      readonly from: string;
      readonly with: string;
      /** Where `with` is a global table: the key to look up. */
      readonly key?: Expression;
      readonly fn: Expression;
      readonly serdes?: SerdePair;
    }
  /** Two streams. `tv` in the expression is the other one's value. */
  | {
      readonly op: 'streamJoin' | 'streamLeftJoin' | 'streamOuterJoin';
      readonly id: string;
      readonly from: string;
      readonly with: string;
      readonly fn: Expression;
      readonly windows: { readonly beforeMs: number; readonly afterMs: number; readonly graceMs: number };
      /** Key, value and the other's value. */
      readonly serdes: readonly [key: SerdeName, value: SerdeName, otherValue: SerdeName];
      readonly name?: string;
      readonly storeName?: string;
    }
  | {
      readonly op: 'repartition';
      readonly id: string;
      readonly from: string;
      readonly serdes: SerdePair;
      readonly name?: string;
      readonly partitions?: number;
    }
  | {
      readonly op: 'process' | 'processValues';
      readonly id: string;
      readonly from: string;
      readonly script: Script;
      readonly stores?: readonly string[];
    }
  | { readonly op: 'to'; readonly from: string; readonly topic: Expression; readonly serdes: SerdePair; readonly name?: string }
  | StoreStep
  | ({ readonly op: 'addGlobalStore'; readonly topic: string; readonly script: Script; readonly sourceSerdes: SerdePair } & Omit<
      StoreStep,
      'op'
    >)
  | {
      readonly op: 'addSource';
      readonly name: string;
      readonly topics: readonly string[];
      readonly serdes: SerdePair;
      readonly timestamp?: Expression;
    }
  | { readonly op: 'addProcessor'; readonly name: string; readonly parents: readonly string[]; readonly script: Script }
  | {
      readonly op: 'addSink';
      readonly name: string;
      readonly parents: readonly string[];
      readonly topic: Expression;
      readonly serdes: SerdePair;
    };

/** What a processor of one's own does. */
export interface Script {
  readonly init?: readonly Action[];
  readonly process: readonly Action[];
}

export interface ForwardOptions {
  readonly ts?: Expression;
  readonly headers?: readonly (readonly [name: string, value: Expression])[];
  readonly child?: string;
}

export type Action =
  | readonly ['forward', key: Expression, value: Expression, options?: ForwardOptions]
  | readonly ['put', store: string, key: Expression, value: Expression]
  | readonly ['putIfAbsent', store: string, key: Expression, value: Expression]
  | readonly ['putTimestamped', store: string, key: Expression, value: Expression, ts: Expression]
  | readonly ['putWindow', store: string, key: Expression, value: Expression, startMs: Expression]
  | readonly ['putTimestampedWindow', store: string, key: Expression, value: Expression, ts: Expression, startMs: Expression]
  /** Forwards every row: its key as key, its value as value. */
  | readonly ['scan', store: string, how: 'all' | 'reverseAll' | 'range' | 'reverseRange' | 'prefix', a?: Expression, b?: Expression]
  /** Forwards every row: `<key>@<start>` as key, its value as value. */
  | readonly [
      'scanWindows',
      store: string,
      how: 'all' | 'backwardAll' | 'fetchAll' | 'fetch' | 'backwardFetch' | 'fetchRange',
      ...operands: Expression[],
    ]
  | readonly ['if', condition: Expression, then: readonly Action[], otherwise?: readonly Action[]]
  | readonly ['trace', text: Expression]
  /** `limit`: cancels itself at that call; 0 = never. */
  | readonly ['schedule', intervalMs: number, type: 'stream-time' | 'wall-clock-time', limit: number, actions: readonly Action[]]
  | readonly ['commit'];

/** Bytes as they are, for what no serde would write. */
export interface RawBytes {
  readonly hex: string;
}
export type Field = string | number | boolean | null | RawBytes;

export type Input =
  | readonly [topic: string, key: Field, value: Field, timestamp: number, headers?: readonly (readonly [string, string | null])[]]
  | { readonly advanceMs: number };

export interface ScenarioConfig {
  /** Cache of 10 MiB; without it, a cache of 0 bytes. */
  readonly caching: boolean;
  readonly defaultSerdes?: SerdePair;
  readonly deserialization?: 'fail' | 'continue';
  readonly processing?: 'fail' | 'continue';
  /** Where records go that are continued over. */
  readonly deadLetterTopic?: string;
  /** Shows no keys and values of dead letters: Kafka Streams forgets them after a sink or a cached store saw the record. */
  readonly maskDeadLetters?: boolean;
  /** How often left and outer stream-stream joins look for results without a partner. Default of the test drivers: 0. */
  readonly joinEmitIntervalMs?: number;
}

export interface Scenario {
  readonly name: string;
  readonly config: ScenarioConfig;
  readonly steps: readonly Step[];
  readonly input: readonly Input[];
}

/** Text as it is, bytes that are no printable ASCII as `0x` and hex digits. */
export type Shown = string | null;
/** A record of a topic. Headers only where there are some. */
export type ShownRecord = readonly [key: Shown, value: Shown, timestamp: number, headers?: readonly (readonly [string, Shown])[]];

/** What a run came to. */
export interface Outcome {
  /** Everything written to topics that are no changelogs, in order. */
  readonly topics: Readonly<Record<string, readonly ShownRecord[]>>;
  /** Changelogs after compaction, tombstones included, by key. */
  readonly changelogs: Readonly<Record<string, readonly ShownRecord[]>>;
  /** Rows in the order of the store's own scan: key, value, and the timestamp where the store keeps one; windows: key, start, value. */
  readonly stores: Readonly<Record<string, readonly (readonly unknown[])[]>>;
  /** What `peek`, `foreach` and `trace` saw. */
  readonly trace: readonly string[];
  /** Records dropped without an error. */
  readonly dropped: number;
  /** Index of the input that the topology failed on; nothing after it was run, and stores are not shown. */
  readonly failedAt: number | null;
}
