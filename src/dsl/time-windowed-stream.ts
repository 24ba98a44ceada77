import { int64, timeWindowedSerde, type Windowed } from '../serde/index.ts';
import type { Serde } from '../serde/serde.ts';
import type { AggregateBuilder } from './aggregate.ts';
import { type Aggregation, aggregatePrefix, burnIndexOfCount, countAggregation, reduceAggregation } from './aggregation.ts';
import type { KTable } from './ktable.ts';
import { materialize, windowStore } from './materialized.ts';
import type { WindowStoredOptions } from './options.ts';
import type { StreamState } from './stream-state.ts';
import type { TimeWindows } from './windows.ts';

/** A grouped stream in time windows: aggregates per key and window. Records later than the grace are dropped. */
export class TimeWindowedKStream<K, V> {
  readonly #stream: StreamState<K, V>;
  readonly #builder: AggregateBuilder<K, V>;
  readonly #windows: TimeWindows;

  /** @internal */
  constructor(stream: StreamState<K, V>, builder: AggregateBuilder<K, V>, windows: TimeWindows) {
    this.#stream = stream;
    this.#builder = builder;
    this.#windows = windows;
  }

  /** Number of records per key and window; the value serde is `int64` (Java's long) unless given. */
  count(options: WindowStoredOptions<K, number> = {}): KTable<Windowed<K>, number> {
    burnIndexOfCount(this.#stream.context, options);
    return this.#aggregate(countAggregation(), options, int64());
  }

  /** Combines values of one key and window; the first is taken as it is. */
  reduce(reducer: (aggregate: V, value: V) => V | null, options: WindowStoredOptions<K, V> = {}): KTable<Windowed<K>, V> {
    return this.#aggregate(reduceAggregation(reducer), options, this.#stream.valueSerde);
  }

  /** Folds values of one key and window into an aggregate of any type, beginning with `initializer()`. */
  aggregate<VR>(
    initializer: () => VR,
    aggregator: (key: K, value: V, aggregate: VR) => VR | null,
    options: WindowStoredOptions<K, VR> = {},
  ): KTable<Windowed<K>, VR> {
    return this.#aggregate({ flavour: 'aggregate', initializer, aggregator }, options, undefined);
  }

  #aggregate<VR>(
    aggregation: Aggregation<K, V, VR>,
    options: WindowStoredOptions<K, VR>,
    serde: Serde<VR> | undefined,
  ): KTable<Windowed<K>, VR> {
    const { context } = this.#stream;
    const prefix = aggregatePrefix(aggregation.flavour);
    const materialized = materialize(context, options, prefix, this.#stream.keySerde, serde);
    const name = context.nameOr(options.name, prefix);
    const innerSerde: Serde<K> | undefined = materialized.keySerde ?? context.options.defaultKeySerde;
    return this.#builder.build<Windowed<K>, VR>({
      name,
      operator: { type: 'windowAggregate', ...aggregation, store: materialized.storeName, windows: this.#windows },
      store: windowStore(materialized, this.#windows),
      queryableName: materialized.queryableName,
      keySerde: innerSerde === undefined ? undefined : timeWindowedSerde(innerSerde, this.#windows.sizeMs),
      valueSerde: materialized.valueSerde,
    });
  }
}
