import type { StoreDefinition } from '../topology/definitions.ts';
import type { Operator, TableViewStep } from '../topology/operators.ts';
import { GraphNode } from './graph-node.ts';
import type { StreamState } from './stream-state.ts';

/**
 * How a table is kept, shared by the table and the node that makes it. Whether a source is stored at all, and whether old
 * values are needed, is decided by what comes downstream, so both may change until the topology is built.
 */
export interface TableStorage {
  /**
   * `source`: rows from a topic or stream, stored when somebody needs them. `aggregate`: always stored.
   * `view`: computed from another table, stored only when the user names a store.
   */
  readonly kind: 'source' | 'aggregate' | 'view';
  /** The store's name; a source has one before it is stored. */
  readonly storeName: string | undefined;
  stored: boolean;
  sendOldValues: boolean;
  /** Views: what they are computed from. */
  readonly parent: TableStorage | undefined;
  readonly step: TableViewStep | undefined;
}

export interface TableState<K, V> extends StreamState<K, V> {
  readonly storage: TableStorage;
  /** The store's name where the user gave it. */
  readonly queryableStoreName: string | undefined;
}

/**
 * Asks a table to send the value before each change too. A source that is not stored does so only when forced, which
 * stores it; false: it does not.
 */
export function enableSendingOldValues(table: TableStorage, forceStorage: boolean): boolean {
  if (table.sendOldValues) return true;
  if (table.kind === 'source') {
    if (!forceStorage && !table.stored) return false;
    table.stored = true;
  } else if (table.kind === 'view' && !table.stored) {
    if (table.parent === undefined || !enableSendingOldValues(table.parent, forceStorage)) return false;
  }
  table.sendOldValues = true;
  return true;
}

/** The store to look up a table's rows in, and the steps from a row there to a row of the table. Stores a source. */
export function lookupOf(table: TableStorage): { store: string; view: TableViewStep[] } {
  if (table.kind === 'source') table.stored = true;
  if (table.stored && table.storeName !== undefined) return { store: table.storeName, view: [] };
  if (table.parent === undefined || table.step === undefined) throw new Error('a view without parent');
  const { store, view } = lookupOf(table.parent);
  return { store, view: [...view, table.step] };
}

/** A node that makes a table; writes its store too, if it has one by then. */
export function tableNode(
  name: string,
  storage: TableStorage,
  store: StoreDefinition | undefined,
  operator: (store: string | undefined) => Operator,
): GraphNode {
  return new GraphNode(name, (graph, parents) => {
    const used = storage.stored ? store : undefined;
    graph.addProcessor({
      name,
      operator: operator(used?.name),
      parents,
      sendOldValues: storage.sendOldValues,
      globalStores: [],
    });
    if (used !== undefined) graph.addStore(used, [name]);
  });
}
