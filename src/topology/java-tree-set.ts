interface Entry<T> {
  readonly item: T;
  parent: Entry<T> | undefined;
  left: Entry<T> | undefined;
  right: Entry<T> | undefined;
  red: boolean;
}

type Side = 'left' | 'right';

/**
 * A red-black tree that takes the same shape as Java's `TreeSet`. A sorted array would do, were it not that Kafka
 * Streams' descriptions insert into tree sets by keys that still change afterwards: where such an item ends up depends on
 * the tree's shape.
 */
export class JavaTreeSet<T> {
  readonly #compare: (one: T, other: T) => number;
  #root: Entry<T> | undefined;

  constructor(compare: (one: T, other: T) => number) {
    this.#compare = compare;
  }

  add(item: T): void {
    let parent: Entry<T> | undefined;
    let side: Side = 'left';
    for (let entry = this.#root; entry !== undefined; entry = entry[side]) {
      const order = this.#compare(item, entry.item);
      if (order === 0) return;
      parent = entry;
      side = order < 0 ? 'left' : 'right';
    }
    const added: Entry<T> = { item, parent, left: undefined, right: undefined, red: true };
    if (parent === undefined) this.#root = added;
    else parent[side] = added;
    this.#rebalance(added);
  }

  /** In the order of the tree. */
  toArray(): T[] {
    const items: T[] = [];
    const visit = (entry: Entry<T> | undefined): void => {
      if (entry === undefined) return;
      visit(entry.left);
      items.push(entry.item);
      visit(entry.right);
    };
    visit(this.#root);
    return items;
  }

  /** No red entry has a red parent: recolour upwards, and rotate where the uncle is black. */
  #rebalance(added: Entry<T>): void {
    let entry = added;
    for (;;) {
      const parent = entry.parent;
      const grandparent = parent?.parent;
      if (parent === undefined || grandparent === undefined || !parent.red) break;
      const side: Side = parent === grandparent.left ? 'left' : 'right';
      const otherSide: Side = side === 'left' ? 'right' : 'left';
      const uncle = grandparent[otherSide];
      grandparent.red = true;
      if (uncle?.red === true) {
        parent.red = false;
        uncle.red = false;
        entry = grandparent;
        continue;
      }
      const top = entry === parent[otherSide] ? entry : parent;
      if (top === entry) this.#rotate(parent, side);
      top.red = false;
      this.#rotate(grandparent, otherSide);
      break;
    }
    if (this.#root !== undefined) this.#root.red = false;
  }

  /** Moves `entry` down to `side`; its child on the other side takes its place. */
  #rotate(entry: Entry<T>, side: Side): void {
    const otherSide: Side = side === 'left' ? 'right' : 'left';
    const child = entry[otherSide];
    if (child === undefined) return;
    entry[otherSide] = child[side];
    const inner = child[side];
    if (inner !== undefined) inner.parent = entry;
    child.parent = entry.parent;
    if (entry.parent === undefined) this.#root = child;
    else if (entry.parent.left === entry) entry.parent.left = child;
    else entry.parent.right = child;
    child[side] = entry;
    entry.parent = child;
  }
}
