/** Numbers from 0 up to 1, the same everywhere for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A key from 0 to `keys` - 1, all equally likely. */
export function uniformKeys(keys: number): (random: () => number) => number {
  return (random) => Math.floor(random() * keys);
}

/** Key k is drawn in proportion to 1 / (k + 1) ** exponent: by binary search in the cumulative distribution. */
export function zipfKeys(keys: number, exponent: number): (random: () => number) => number {
  const cumulative = new Float64Array(keys);
  let sum = 0;
  for (let key = 0; key < keys; key++) {
    sum += 1 / (key + 1) ** exponent;
    cumulative[key] = sum;
  }
  return (random) => {
    const target = random() * sum;
    let low = 0;
    let high = keys - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! > target) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
