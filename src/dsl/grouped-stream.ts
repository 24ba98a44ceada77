import { int64 } from '../serde/index.ts';
import type { Serde } from '../serde/serde.ts';
import { AggregateBuilder } from './aggregate.ts';
import { type Aggregation, aggregatePrefix, burnIndexOfCount, countAggregation, reduceAggregation } from './aggregation.ts';
import type { KTable } from './ktable.ts';
import { materialize, tableStore } from './materialized.ts';
import type { StoredOptions } from './options.ts';
import type { StreamState } from './stream-state.ts';
import { TimeWindowedKStream } from './time-windowed-stream.ts';
import type { TimeWindows } from './windows.ts';

/** A stream grouped by key: `count`, `reduce` or `aggregate` it, or window it first. Null keys and values are skipped. */
export class KGroupedStream<K, V> {
  readonly #stream: StreamState<K, V>;
  readonly #builder: AggregateBuilder<K, V>;

  /** @internal */
  constructor(stream: StreamState<K, V>, groupName: string | undefined) {
    this.#stream = stream;
    this.#builder = new AggregateBuilder(stream, groupName);
  }

  /** Number of records per key; the value serde is `int64` (Java's long) unless given. */
  count(options: StoredOptions<K, number> = {}): KTable<K, number> {
    burnIndexOfCount(this.#stream.context, options);
    return this.#aggregate(countAggregation(), options, int64());
  }

  /** Combines values of one key; the first is taken as it is. Returning null deletes the row. */
  reduce(reducer: (aggregate: V, value: V) => V | null, options: StoredOptions<K, V> = {}): KTable<K, V> {
    return this.#aggregate(reduceAggregation(reducer), options, this.#stream.valueSerde);
  }

  /**
   * Folds values of one key into an aggregate of any type, beginning with `initializer()`. Returning null deletes the row.
   * The aggregate passed in may be changed in place and returned.
   */
  aggregate<VR>(
    initializer: () => VR,
    aggregator: (key: K, value: V, aggregate: VR) => VR | null,
    options: StoredOptions<K, VR> = {},
  ): KTable<K, VR> {
    return this.#aggregate({ flavour: 'aggregate', initializer, aggregator }, options, undefined);
  }

  /** Aggregates per key and window. */
  windowedBy(windows: TimeWindows): TimeWindowedKStream<K, V> {
    return new TimeWindowedKStream(this.#stream, this.#builder, windows);
  }

  #aggregate<VR>(aggregation: Aggregation<K, V, VR>, options: StoredOptions<K, VR>, serde: Serde<VR> | undefined): KTable<K, VR> {
    const { context, keySerde } = this.#stream;
    const prefix = aggregatePrefix(aggregation.flavour);
    const materialized = materialize(context, options, prefix, keySerde, serde);
    const name = context.nameOr(options.name, prefix);
    return this.#builder.build<K, VR>({
      name,
      operator: { type: 'aggregate', ...aggregation, store: materialized.storeName },
      store: tableStore(materialized),
      queryableName: materialized.queryableName,
      keySerde: materialized.keySerde,
      valueSerde: materialized.valueSerde,
    });
  }
}
