import type { StoreDefinition } from '../topology/definitions.ts';
import type { NewProcessor } from '../topology/graph.ts';
import { checkName } from '../topology/names.ts';
import type { Operator } from '../topology/operators.ts';
import { loggingOf } from '../topology/stores.ts';
import type { DslContext } from './context.ts';
import { GraphNode } from './graph-node.ts';
import type { JoinWindows } from './join-windows.ts';
import type { StreamJoinedOptions } from './options.ts';
import { ensureCopartition, type StreamState } from './stream-state.ts';

/** Which sides' records make a result without a partner. */
export interface OuterSides {
  readonly left: boolean;
  readonly right: boolean;
}

export type StreamJoiner = (leftValue: any, rightValue: any, key: any) => any;
type Options = StreamJoinedOptions<any, any, any>;

interface Names {
  readonly leftWindowed: string;
  readonly rightWindowed: string;
  readonly leftJoin: string;
  readonly rightJoin: string;
  readonly merge: string;
  readonly leftStore: string;
  readonly rightStore: string;
  readonly sharedStore: string;
}

interface Stores {
  readonly left: StoreDefinition;
  readonly right: StoreDefinition;
  /** Of left and outer joins. */
  readonly shared: StoreDefinition | undefined;
}

/**
 * Joins two streams that are partitioned alike: each side is kept in a window store, and joined with the store of the other.
 * Kafka Streams' `KStreamImplJoin` and `StreamStreamJoinNode`.
 */
export function joinStreams(
  left: StreamState<any, any>,
  right: StreamState<any, any>,
  joiner: StreamJoiner,
  windows: JoinWindows,
  outer: OuterSides,
  options: Options,
): StreamState<any, any> {
  const { context } = left;
  const sources = ensureCopartition(left, right);
  const names = namesOf(context, outer, options);
  const stores = storesOf(names, left, right, windows, outer, options);
  context.addNode(left.node, windowedNode(names.leftWindowed, stores.left));
  context.addNode(right.node, windowedNode(names.rightWindowed, stores.right));
  const node = joinNode(names, stores, joiner, windows, outer);
  context.addNode(left.node, node);
  context.addNode(right.node, node);
  // The serdes of the two keys may differ: the result has one only where it is told, or where they do not.
  const keySerde = options.keySerde ?? (left.keySerde === right.keySerde ? left.keySerde : undefined);
  return { context, name: names.merge, node, keySerde, valueSerde: undefined, sources, repartitionRequired: false };
}

/** In the order in which Kafka Streams draws them: every name depends on the indices that those before it have burned. */
function namesOf(context: DslContext, outer: OuterSides, { name, storeName }: Options): Names {
  const leftSuffix = outer.right ? '-outer-this-join' : '-this-join';
  const rightSuffix = outer.left ? '-outer-other-join' : '-other-join';
  const leftWindowed = context.nameOr(name, 'KSTREAM-WINDOWED-', '-this-windowed');
  const rightWindowed = context.nameOr(name, 'KSTREAM-WINDOWED-', '-other-windowed');
  const leftPrefix = outer.right ? 'KSTREAM-OUTERTHIS-' : 'KSTREAM-JOINTHIS-';
  const leftGenerated = context.newProcessorName(leftPrefix);
  const rightGenerated = context.newProcessorName(outer.left ? 'KSTREAM-OUTEROTHER-' : 'KSTREAM-JOINOTHER-');
  const merge = context.nameOr(name, 'KSTREAM-MERGE-', '-merge');
  const nameOr = (suffix: string, generated: string): string => (name === undefined ? generated : checked(`${name}${suffix}`));
  const storeOr = (suffix: string, generated: string): string => `${storeName === undefined ? generated : `${storeName}${suffix}`}-store`;
  if (storeName !== undefined) checkName('store', storeName);
  return {
    leftWindowed,
    rightWindowed,
    leftJoin: nameOr(leftSuffix, leftGenerated),
    rightJoin: nameOr(rightSuffix, rightGenerated),
    merge,
    leftStore: storeOr(leftSuffix, leftGenerated),
    rightStore: storeOr(rightSuffix, rightGenerated),
    sharedStore: storeOr(
      outer.right ? '-outer-shared-join' : '-left-shared-join',
      `KSTREAM-OUTERSHARED-${leftGenerated.slice(leftPrefix.length)}`,
    ),
  };
}

function checked(name: string): string {
  checkName('node', name);
  return name;
}

function storesOf(
  names: Names,
  left: StreamState<any, any>,
  right: StreamState<any, any>,
  windows: JoinWindows,
  outer: OuterSides,
  options: Options,
): Stores {
  const logging = loggingOf(options.logging);
  const retentionMs = windows.sizeMs + windows.graceMs;
  const valueSerde = options.valueSerde ?? left.valueSerde;
  const otherValueSerde = options.otherValueSerde ?? right.valueSerde;
  const common = { caching: false, retentionMs, windowSizeMs: windows.sizeMs } as const;
  const window = {
    ...common,
    kind: 'joinWindow',
    retainDuplicates: true,
    // Records of one key and time differ in their sequence number: compaction would find nothing, so it is never on.
    logging: { ...logging, config: { ...logging.config, 'cleanup.policy': 'delete' } },
  } as const;
  const keySerde = options.keySerde ?? left.keySerde;
  const shared: StoreDefinition = { ...common, kind: 'outerJoin', name: names.sharedStore, keySerde, valueSerde, otherValueSerde, logging };
  return {
    left: { ...window, name: names.leftStore, keySerde, valueSerde },
    right: { ...window, name: names.rightStore, keySerde: options.keySerde ?? right.keySerde, valueSerde: otherValueSerde },
    shared: outer.left || outer.right ? shared : undefined,
  };
}

function windowedNode(name: string, store: StoreDefinition): GraphNode {
  return new GraphNode(name, (graph, parents) => {
    graph.addProcessor(processor(name, { type: 'joinWindow', store: store.name }, parents));
    graph.addStore(store, [name]);
  });
}

function joinNode(names: Names, stores: Stores, joiner: StreamJoiner, windows: JoinWindows, outer: OuterSides): GraphNode {
  const { beforeMs, afterMs, graceMs } = windows;
  const common = { type: 'streamJoin', joiner, windows: { beforeMs, afterMs, graceMs }, outerStore: stores.shared?.name } as const;
  const leftSide: Operator = { ...common, side: 'left', outer: outer.left, otherOuter: outer.right, otherStore: stores.right.name };
  const rightSide: Operator = { ...common, side: 'right', outer: outer.right, otherOuter: outer.left, otherStore: stores.left.name };
  return new GraphNode(
    names.merge,
    (graph) => {
      graph.addProcessor(processor(names.leftJoin, leftSide, [names.leftWindowed]));
      graph.addStore(stores.right, [names.leftJoin]);
      if (stores.shared !== undefined) graph.addStore(stores.shared, [names.leftJoin]);
      graph.addProcessor(processor(names.rightJoin, rightSide, [names.rightWindowed]));
      graph.addStore(stores.left, [names.rightJoin]);
      if (stores.shared !== undefined) graph.addStore(stores.shared, [names.rightJoin]);
      graph.addProcessor(processor(names.merge, { type: 'passThrough' }, [names.leftJoin, names.rightJoin]));
    },
    outer.left || outer.right,
  );
}

function processor(name: string, operator: Operator, parents: readonly string[]): NewProcessor {
  return { name, operator, parents, sendOldValues: false, globalStores: [] };
}
