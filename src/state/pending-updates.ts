import type { CachedUpdate } from './cached-update.ts';

/** The updates of one store that wait in the cache, in the order of their last change: a doubly linked list. */
export class PendingUpdates<K, V> {
  oldest: CachedUpdate<K, V> | null = null;
  private newest: CachedUpdate<K, V> | null = null;

  append(update: CachedUpdate<K, V>): void {
    update.previous = this.newest;
    update.next = null;
    if (this.newest === null) this.oldest = update;
    else this.newest.next = update;
    this.newest = update;
  }

  /** Makes it the newest. */
  touch(update: CachedUpdate<K, V>): void {
    if (update === this.newest) return;
    this.remove(update);
    this.append(update);
  }

  remove(update: CachedUpdate<K, V>): void {
    if (update.previous === null) this.oldest = update.next;
    else update.previous.next = update.next;
    if (update.next === null) this.newest = update.previous;
    else update.next.previous = update.previous;
  }

  /** Forgets all of them; returns the share of the cache they had. */
  clear(): number {
    let sizeBytes = 0;
    for (let update = this.oldest; update !== null; update = update.next) sizeBytes += update.sizeBytes;
    this.oldest = null;
    this.newest = null;
    return sizeBytes;
  }
}
