/** Numbers from a seed (mulberry32), so that a failing run can be repeated: whole numbers from 0 to below `limit`. */
export type Random = (limit: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  };
}

/** A seed of its own for each part of a test, so that one part's draws do not depend on how often another one drew. */
export function derivedSeed(seed: number, name: string): number {
  let hash = seed | 0;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** The seed of a run: from the environment, to repeat one, or a new one. */
export function seedOfRun(): number {
  const given = process.env.CRASH_SEED;
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}
