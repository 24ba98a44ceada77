/**
 * The order in which Java's hash sets iterate. Kafka Streams prints several hash sets in `Topology.describe()`, so to
 * print the same text we need the same order. Java specifies `String.hashCode`; the table layout has been stable since
 * Java 8.
 */

const INITIAL_CAPACITY = 16;
const LOAD_FACTOR = 0.75;

/** Items in the order of a `HashSet` they were added to one by one (`key` is what Java hashes). */
export function hashOrder<T>(items: readonly T[], key: (item: T) => string): T[] {
  let capacity = INITIAL_CAPACITY;
  while (items.length > capacity * LOAD_FACTOR) capacity *= 2;
  return sortByBucket(items, key, capacity);
}

/** Strings in the order of `new HashSet<>(collection)`, which chooses its capacity at once. */
export function copiedHashOrder(items: readonly string[]): string[] {
  const wanted = Math.max(Math.trunc(items.length / LOAD_FACTOR) + 1, INITIAL_CAPACITY);
  let capacity = INITIAL_CAPACITY;
  while (capacity < wanted) capacity *= 2;
  return sortByBucket(items, (item) => item, capacity);
}

function sortByBucket<T>(items: readonly T[], key: (item: T) => string, capacity: number): T[] {
  return items
    .map((item) => ({ item, bucket: bucketOf(key(item), capacity) }))
    .sort((one, other) => one.bucket - other.bucket)
    .map(({ item }) => item);
}

function bucketOf(text: string, capacity: number): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return (hash ^ (hash >>> 16)) & (capacity - 1);
}
