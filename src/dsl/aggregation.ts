import type { DslContext } from './context.ts';
import { saysHowToStore } from './materialized.ts';
import type { WindowStoredOptions } from './options.ts';

export type Flavour = 'count' | 'reduce' | 'aggregate';

/** What an aggregation does, whatever it is grouped by. */
export interface Aggregation<K, V, VR> {
  readonly flavour: Flavour;
  readonly initializer: (() => VR) | undefined;
  readonly aggregator: (key: K, value: V, aggregate: VR) => VR | null;
}

export function aggregatePrefix(flavour: Flavour): string {
  return flavour === 'reduce' ? 'KSTREAM-REDUCE-' : 'KSTREAM-AGGREGATE-';
}

export function countAggregation(): Aggregation<any, any, number> {
  return { flavour: 'count', initializer: () => 0, aggregator: (_key, _value, count) => count + 1 };
}

export function reduceAggregation<V>(reducer: (aggregate: V, value: V) => V | null): Aggregation<any, V, V> {
  return {
    flavour: 'reduce',
    initializer: undefined,
    aggregator: (_key, value, aggregate) => reducer(aggregate, value),
  };
}

/** A count that says how to store but names no store burns one index more: a quirk of Kafka Streams that names depend on. */
export function burnIndexOfCount(context: DslContext, options: WindowStoredOptions<any, any>): void {
  if (options.as === undefined && saysHowToStore(options)) context.newStoreName('KSTREAM-AGGREGATE-');
}
