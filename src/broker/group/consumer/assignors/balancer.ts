/**
 * Picks who gets the next partition and who gives one up, for members with different loads. Two ranges of the members,
 * sorted by load, are kept: the least loaded ones, which grows to the right as they fill up, and the most loaded ones,
 * which grows to the left as they give away. Follows `MemberAssignmentBalancer` in Kafka's
 * `UniformHeterogeneousAssignmentBuilder`.
 */

export class Balancer {
  /** Partitions by member; the caller keeps it up to date. */
  readonly #loads: readonly number[];
  #sorted: number[] = [];
  #leastEnd = 0;
  #leastLoad = 0;
  #nextLeast = 0;
  #mostStart = 0;
  #mostEnd = 0;
  #mostLoad = 0;
  #nextMost = 0;

  constructor(loads: readonly number[]) {
    this.#loads = loads;
  }

  /** Begins with these members, at least one; returns the difference between the largest and the smallest load. */
  start(members: readonly number[]): number {
    this.#sorted = [...members].sort((a, b) => this.#load(a) - this.#load(b) || a - b);
    const smallest = this.#load(this.#sorted[0]!);
    const largest = this.#load(this.#sorted.at(-1)!);
    this.#leastEnd = 0;
    this.#leastLoad = smallest - 1;
    this.#nextLeast = 0;
    this.#mostStart = this.#sorted.length;
    this.#mostEnd = this.#sorted.length;
    this.#mostLoad = largest + 1;
    this.#nextMost = this.#sorted.length - 1;
    return largest - smallest;
  }

  /** The member to give a partition to; it counts as given. */
  takeLeastLoaded(): number {
    if (this.#nextLeast >= this.#leastEnd) {
      // Everybody in the range got one: their load rises, and those that had this load already join them.
      this.#leastLoad++;
      while (this.#leastEnd < this.#sorted.length && this.#load(this.#sorted[this.#leastEnd]!) === this.#leastLoad) this.#leastEnd++;
      this.#nextLeast = 0;
    }
    return this.#sorted[this.#nextLeast++]!;
  }

  /** The member to take a partition from; it counts as taken. -1 when nobody is left who could give one. */
  takeMostLoaded(): number {
    if (this.#nextMost < this.#mostStart) {
      const allExcluded = this.#mostEnd <= this.#mostStart && this.#mostStart > 0;
      if (allExcluded) this.#mostLoad = this.#load(this.#sorted[this.#mostStart - 1]!);
      else this.#mostLoad--;
      while (this.#mostStart > 0 && this.#load(this.#sorted[this.#mostStart - 1]!) === this.#mostLoad) this.#mostStart--;
      this.#nextMost = this.#mostEnd - 1;
    }
    return this.#nextMost < 0 ? -1 : this.#sorted[this.#nextMost--]!;
  }

  /** The member {@link takeMostLoaded} gave last has nothing of this topic to give up. */
  excludeMostLoaded(): void {
    const at = this.#nextMost + 1;
    const excluded = this.#sorted[at]!;
    this.#mostEnd--;
    this.#sorted[at] = this.#sorted[this.#mostEnd]!;
    this.#sorted[this.#mostEnd] = excluded;
  }

  /** Moving another partition would not make it better. */
  get balanced(): boolean {
    return this.#mostLoad - this.#leastLoad <= 1;
  }

  #load(member: number): number {
    return this.#loads[member]!;
  }
}
