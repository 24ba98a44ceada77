import type { Serde } from '../serde/serde.ts';
import type { StoreDefinition } from '../topology/definitions.ts';
import type { Operator } from '../topology/operators.ts';
import type { GraphNode } from './graph-node.ts';
import { KTable } from './ktable.ts';
import { addRepartition, nameRepartition, type StreamState } from './stream-state.ts';
import { type TableStorage, tableNode } from './table-state.ts';

export interface NewAggregate<KR, VR> {
  readonly name: string;
  readonly operator: Operator;
  readonly store: StoreDefinition;
  readonly queryableName: string | undefined;
  readonly keySerde: Serde<KR> | undefined;
  readonly valueSerde: Serde<VR> | undefined;
}

/**
 * Puts aggregations below a grouped stream, through a repartition topic where the key may have changed. With a name of its
 * own the topic is shared by all aggregations of the group; otherwise each has one, named after its store.
 */
export class AggregateBuilder<K, V> {
  readonly #stream: StreamState<K, V>;
  readonly #groupName: string | undefined;
  #shared: GraphNode | undefined;

  constructor(stream: StreamState<K, V>, groupName: string | undefined) {
    this.#stream = stream;
    this.#groupName = groupName;
  }

  build<KR, VR>(aggregate: NewAggregate<KR, VR>): KTable<KR, VR> {
    const { name, store, operator, keySerde, valueSerde, queryableName } = aggregate;
    const { context } = this.#stream;
    const parent = this.#stream.repartitionRequired ? this.#repartition(store.name) : this.#stream;
    const storage: TableStorage = {
      kind: 'aggregate',
      storeName: store.name,
      stored: true,
      sendOldValues: false,
      parent: undefined,
      step: undefined,
    };
    const node = tableNode(name, storage, store, () => operator);
    context.addNode(parent.node, node);
    return new KTable<KR, VR>({
      context,
      name,
      keySerde,
      valueSerde,
      sources: parent.sources,
      repartitionRequired: false,
      node,
      storage,
      queryableStoreName: queryableName,
    });
  }

  #repartition(storeName: string): StreamState<K, V> {
    const repartition = nameRepartition(this.#stream.context, this.#groupName ?? storeName, this.#stream);
    if (this.#shared === undefined || this.#groupName === undefined) this.#shared = addRepartition(this.#stream, repartition);
    // Adding the shared node again moves it behind what has been added since, as in Kafka Streams.
    else this.#stream.context.addNode(this.#stream.node, this.#shared);
    return { ...this.#stream, node: this.#shared, sources: new Set([this.#shared.name]), repartitionRequired: false };
  }
}
