const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;

/** The 32-bit murmur2 of Kafka's Java client (`Utils.murmur2`), as a signed integer. Default: of all the bytes. */
export function murmur2(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  const length = end - start;
  let hash = (SEED ^ length) | 0;
  const aligned = start + (length & ~3);
  for (let at = start; at < aligned; at += 4) {
    let chunk = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    chunk = Math.imul(chunk, MULTIPLIER);
    chunk ^= chunk >>> 24;
    chunk = Math.imul(chunk, MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ chunk;
  }
  const tail = length & 3;
  if (tail > 0) {
    if (tail === 3) hash ^= bytes[aligned + 2]! << 16;
    if (tail >= 2) hash ^= bytes[aligned + 1]! << 8;
    hash = Math.imul(hash ^ bytes[aligned]!, MULTIPLIER);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/**
 * The partition Kafka's default partitioner gives a non-null key (`BuiltInPartitioner.partitionForKey`):
 * the murmur2 with its sign bit cleared, modulo the number of partitions.
 */
export function partitionForKey(keyBytes: Uint8Array, partitions: number): number {
  return (murmur2(keyBytes) & 0x7fffffff) % partitions;
}
