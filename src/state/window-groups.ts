import { WindowGroup } from './window-group.ts';

/**
 * The windows of a store by their start, kept in order. Expired are those whose start is the retention or more behind the
 * newest start that was written: Kafka Streams' in-memory window store, to the millisecond.
 */
export class WindowGroups<K, V> {
  readonly retentionMs: number;
  /** The newest window start that was written; its distance to others decides what has expired. */
  observedMs = Number.NEGATIVE_INFINITY;
  /** Rows with a value in all windows. */
  liveCount = 0;
  private readonly retainDuplicates: boolean;
  private readonly byStart: Map<number, WindowGroup<K, V>> = new Map();
  /** Ascending. New windows come at the end, nearly always. */
  private starts: number[] = [];
  /** The one asked for last: records come in order of time, so it is nearly always the next one too. */
  private last: WindowGroup<K, V> | undefined = undefined;

  constructor(retentionMs: number, retainDuplicates: boolean) {
    this.retentionMs = retentionMs;
    this.retainDuplicates = retainDuplicates;
  }

  isExpired(startMs: number): boolean {
    return startMs <= this.observedMs - this.retentionMs;
  }

  find(startMs: number): WindowGroup<K, V> | undefined {
    const { last } = this;
    if (last !== undefined && last.startMs === startMs) return last;
    const group = this.byStart.get(startMs);
    if (group !== undefined) this.last = group;
    return group;
  }

  /** The window's group; for an expired window one that is not in the store and never will be. */
  getOrMake(startMs: number): WindowGroup<K, V> {
    const found = this.find(startMs);
    if (found !== undefined) return found;
    const group = new WindowGroup<K, V>(startMs, this.retainDuplicates);
    if (this.isExpired(startMs)) return group;
    group.open = true;
    this.byStart.set(startMs, group);
    this.last = group;
    const { starts } = this;
    if (starts.length === 0 || startMs > starts[starts.length - 1]!) starts.push(startMs);
    else starts.splice(this.lowerBound(startMs), 0, startMs);
    return group;
  }

  /** A window was written: what is too far behind it goes. */
  observe(startMs: number): void {
    if (startMs <= this.observedMs) return;
    this.observedMs = startMs;
    const { starts } = this;
    let expired = 0;
    while (expired < starts.length && this.isExpired(starts[expired]!)) expired++;
    if (expired === 0) return;
    for (const start of starts.splice(0, expired)) {
      const group = this.byStart.get(start)!;
      group.open = false;
      this.liveCount -= group.liveCount;
      this.byStart.delete(start);
    }
    if (this.last?.open === false) this.last = undefined;
  }

  /** Drops an empty window. */
  dropEmpty(group: WindowGroup<K, V>): void {
    if (!group.open || !group.isEmpty) return;
    group.open = false;
    this.byStart.delete(group.startMs);
    this.starts.splice(this.lowerBound(group.startMs), 1);
    if (this.last === group) this.last = undefined;
  }

  /** The windows that start from `fromMs` to `toMs`, both inclusive, at the time of the call. */
  between(fromMs: number, toMs: number, backward: boolean): WindowGroup<K, V>[] {
    const { starts } = this;
    const groups: WindowGroup<K, V>[] = [];
    for (let i = this.lowerBound(fromMs); i < starts.length && starts[i]! <= toMs; i++) groups.push(this.byStart.get(starts[i]!)!);
    return backward ? groups.reverse() : groups;
  }

  clear(): void {
    this.byStart.clear();
    this.starts = [];
    this.last = undefined;
    this.liveCount = 0;
  }

  private lowerBound(startMs: number): number {
    const { starts } = this;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! < startMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
