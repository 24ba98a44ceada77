import type { Simulation } from './simulation.ts';

const DYNAMIC = ['dynamic-0', 'dynamic-1'];

/** Exactly once: everything that came out is as if nothing had ever gone wrong. Returns what is not. */
export function exactlyOnceViolations({ model, caching }: Simulation): string[] {
  const problems: string[] = [];
  for (const topics of [['copies'], ['joined'], DYNAMIC]) {
    const wrong = model.occurrences(topics).flatMap((count, id) => (count === 1 ? [] : [`event ${id} ${count} times`]));
    if (wrong.length > 0)
      problems.push(`${topics.join(', ')}: ${wrong.slice(0, 10).join(', ')}${wrong.length > 10 ? ` and ${wrong.length - 10} more` : ''}`);
  }
  for (const value of model.values(['joined'])) if (!/^\d+\/name\d+$/.test(value)) problems.push(`joined has "${value}"`);
  for (const value of model.values(DYNAMIC)) if (!/^\d+\/(NORTH|SOUTH|EAST)$/.test(value)) problems.push(`dynamic topics have "${value}"`);
  problems.push(...countViolations('words', model.words, model.history('words'), caching));
  problems.push(...countViolations('windows', model.windows, model.history('windows'), caching));
  problems.push(...countViolations('changelog of words', model.words, model.history('sim-words-store-changelog'), true));
  problems.push(...countViolations('changelog of windows', model.windows, model.history('sim-windows-store-changelog', windowedKey), true));
  return problems;
}

/** As in a changelog: key, start of the window, sequence number. */
function windowedKey(bytes: Buffer): string {
  return `${bytes.subarray(0, -12).toString()}@${bytes.readBigInt64BE(bytes.length - 12)}`;
}

/** Without a cache every count from 1 on appears, once and in order; with one some are left out, and none comes back. */
function countViolations(
  what: string,
  expected: ReadonlyMap<string, number>,
  history: ReadonlyMap<string, number[]>,
  caching: boolean,
): string[] {
  const problems: string[] = [];
  for (const [key, total] of expected) {
    const counts = history.get(key) ?? [];
    if (counts.at(-1) !== total) problems.push(`${what}: ${key} ends at ${counts.at(-1)}, should be ${total}`);
    const inOrder = counts.every((count, index) => (caching ? count > (counts[index - 1] ?? 0) : count === index + 1));
    if (!inOrder) problems.push(`${what}: ${key} counts ${counts.slice(0, 40).join(' ')}`);
  }
  for (const key of history.keys()) if (!expected.has(key)) problems.push(`${what}: there should be no ${key}`);
  return problems;
}

/** at_least_once: nothing is lost. */
export function lossViolations({ model }: Simulation): string[] {
  const problems: string[] = [];
  for (const topics of [['copies'], ['joined'], DYNAMIC]) {
    const lost = model.occurrences(topics).flatMap((count, id) => (count >= 1 ? [] : [id]));
    if (lost.length > 0) problems.push(`${topics.join(', ')}: lost ${lost.slice(0, 20).join(', ')}`);
  }
  for (const [word, total] of model.words) {
    const last = model.history('words').get(word)?.at(-1) ?? 0;
    if (last < total) problems.push(`words: ${word} ends at ${last}, should be at least ${total}`);
  }
  return problems;
}

/** at_most_once: nothing is processed twice. */
export function repetitionViolations({ model }: Simulation): string[] {
  const problems: string[] = [];
  for (const topics of [['copies'], ['joined'], DYNAMIC]) {
    const repeated = model.occurrences(topics).flatMap((count, id) => (count <= 1 ? [] : [id]));
    if (repeated.length > 0) problems.push(`${topics.join(', ')}: repeated ${repeated.slice(0, 20).join(', ')}`);
  }
  return problems;
}
