import type { Entry } from './entry.ts';
import type { StoreIterator } from './read-only.ts';

/** The live ones of entries, in their order, as a user sees them. */
export class EntryIterator<K, V, T> implements StoreIterator<T> {
  private readonly entries: Iterator<Entry<K, V>>;
  /** Undefined: the entry has no value any more. */
  private readonly toResult: (entry: Entry<K, V>) => T | undefined;

  constructor(entries: Iterator<Entry<K, V>>, toResult: (entry: Entry<K, V>) => T | undefined) {
    this.entries = entries;
    this.toResult = toResult;
  }

  next(): IteratorResult<T> {
    for (;;) {
      const step = this.entries.next();
      if (step.done === true) return { done: true, value: undefined };
      const value = this.toResult(step.value);
      if (value !== undefined) return { done: false, value };
    }
  }

  return(): IteratorResult<T> {
    this.close();
    return { done: true, value: undefined };
  }

  close(): void {
    this.entries.return?.();
  }

  [Symbol.iterator](): this {
    return this;
  }
}
