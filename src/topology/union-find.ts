/** Disjoint sets of node names: nodes that share edges or stores end in one set. */
export class UnionFind {
  readonly #parentOf = new Map<string, string>();

  add(name: string): void {
    this.#parentOf.set(name, name);
  }

  /** The representative of the set that `name` is in. */
  root(name: string): string {
    let current = name;
    let parent = this.#parent(current);
    while (parent !== current) {
      const grandparent = this.#parent(parent);
      this.#parentOf.set(current, grandparent);
      current = parent;
      parent = grandparent;
    }
    return current;
  }

  unite(one: string, other: string): void {
    this.#parentOf.set(this.root(one), this.root(other));
  }

  #parent(name: string): string {
    return this.#parentOf.get(name) ?? name;
  }
}
