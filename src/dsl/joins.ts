import type { Serde } from '../serde/serde.ts';
import type { GlobalKTable } from './global-ktable.ts';
import { GraphNode } from './graph-node.ts';
import type { JoinedOptions, NamedOptions } from './options.ts';
import { addRepartition, ensureCopartition, nameRepartition, type StreamState } from './stream-state.ts';
import { lookupOf, type TableState } from './table-state.ts';

export type Joiner = (value: any, tableValue: any, key: any) => any;

/**
 * Joins a stream with a table of the same key. The stream's records trigger it; the table is looked up as it is then.
 * Kafka Streams' `KStreamImpl.doStreamTableJoin`.
 */
export function joinTable(
  stream: StreamState<any, any>,
  table: TableState<any, any>,
  joiner: Joiner,
  left: boolean,
  options: JoinedOptions<any, any>,
): StreamState<any, any> {
  const { context } = stream;
  const sources = ensureCopartition(stream, table);
  const name = context.nameOr(options.name, left ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-');
  const { store, view } = lookupOf(table.storage);
  const node = new GraphNode(
    name,
    (graph, parents) => {
      graph.addProcessor({
        name,
        operator: { type: 'streamTableJoin', left, joiner, store, view },
        parents,
        sendOldValues: false,
        globalStores: [],
      });
      graph.connect(name, store);
    },
    left,
  );
  context.addNode(stream.node, node);
  return {
    ...stream,
    name,
    node,
    sources,
    repartitionRequired: false,
    keySerde: options.keySerde ?? stream.keySerde,
    valueSerde: undefined,
  };
}

/** Joins a stream with a global table, by a key computed from each record. Nothing is repartitioned. */
export function joinGlobalTable(
  stream: StreamState<any, any>,
  table: GlobalKTable<any, any>,
  keySelector: (key: any, value: any) => any,
  joiner: Joiner,
  left: boolean,
  options: NamedOptions,
): StreamState<any, any> {
  const { context } = stream;
  const store = table.storeName;
  // Kafka Streams names inner joins with a global table LEFTJOIN as well.
  const name = context.nameOr(options.name, 'KSTREAM-LEFTJOIN-');
  const node = new GraphNode(
    name,
    (graph, parents) =>
      graph.addProcessor({
        name,
        operator: { type: 'streamGlobalTableJoin', left, keySelector, joiner, store },
        parents,
        sendOldValues: false,
        globalStores: [store],
      }),
    left,
  );
  context.addNode(stream.node, node);
  return { ...stream, name, node, valueSerde: undefined };
}

/** The serdes of a repartition topic; the stream's own where they are undefined. */
export interface RepartitionSerdes<K, V> {
  readonly keySerde?: Serde<K> | undefined;
  readonly valueSerde?: Serde<V> | undefined;
}

/** Repartitions a stream before a join; joins of one stream without a name share the topic. */
export class JoinRepartitioner {
  #shared: GraphNode | undefined;

  repartition<K, V>(stream: StreamState<K, V>, topicPrefix: string, options: RepartitionSerdes<K, V>): StreamState<K, V> {
    const keySerde = options.keySerde ?? stream.keySerde;
    const valueSerde = options.valueSerde ?? stream.valueSerde;
    const repartition = nameRepartition(stream.context, topicPrefix, { keySerde, valueSerde });
    if (this.#shared === undefined || stream.name !== topicPrefix) this.#shared = addRepartition(stream, repartition);
    return {
      ...stream,
      name: repartition.sourceName,
      keySerde,
      valueSerde,
      sources: new Set([this.#shared.name]),
      repartitionRequired: false,
      node: this.#shared,
    };
  }
}
