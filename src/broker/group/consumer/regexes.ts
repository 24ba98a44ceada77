/**
 * Regular expressions of subscriptions. They are RE2's, as in Kafka: no back references and no look-around, and a match
 * takes time linear in the topic's name, so no expression can hang the broker. The engine is loaded with the first one.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RE2JS } from 're2js';
import { KafkaProtocolError } from '../../../protocol/index.ts';
import { Code } from '../../coordinator/index.ts';

/** Compiled expressions that are kept. */
const MAX_COMPILED = 200;
/** What is larger is refused: compiling takes time in proportion to these, matching in proportion to the instructions. */
const MAX_CHARACTERS = 5_000;
const MAX_REPETITIONS = 1_000;
const MAX_INSTRUCTIONS = 5_000;
/** Matching goes on for so long before others get their turn. */
const SLICE_MS = 10;

export class RegexMatcher {
  readonly #compiled = new Map<string, RE2JS>();

  /** Throws INVALID_REGULAR_EXPRESSION. */
  async check(regex: string): Promise<void> {
    await this.#compile(regex);
  }

  /** The names that each expression matches as a whole. Those that do not compile match nothing. */
  async match(regexes: Iterable<string>, names: readonly string[]): Promise<Map<string, string[]>> {
    const matches = new Map<string, string[]>();
    for (const regex of regexes) matches.set(regex, await this.#matchOne(regex, names));
    return matches;
  }

  async #matchOne(regex: string, names: readonly string[]): Promise<string[]> {
    let pattern: RE2JS;
    try {
      pattern = await this.#compile(regex);
    } catch (error) {
      if (error instanceof KafkaProtocolError) return [];
      throw error;
    }
    const matching: string[] = [];
    let sliceEndMs = performance.now() + SLICE_MS;
    for (const name of names) {
      if (performance.now() > sliceEndMs) {
        await nextTurn();
        sliceEndMs = performance.now() + SLICE_MS;
      }
      if (pattern.testExact(name)) matching.push(name);
    }
    return matching;
  }

  async #compile(regex: string): Promise<RE2JS> {
    const known = this.#compiled.get(regex);
    if (known !== undefined) return known;
    if (regex.length > MAX_CHARACTERS || repetitionsOf(regex) > MAX_REPETITIONS) throw invalid(regex, 'it is too large');
    const { RE2JS: engine, RE2JSException } = await import('re2js');
    let pattern: RE2JS;
    try {
      pattern = engine.compile(regex);
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      throw invalid(regex, error.message);
    }
    if (pattern.programSize() > MAX_INSTRUCTIONS) throw invalid(regex, 'it is too large');
    const [oldest] = this.#compiled.keys();
    if (this.#compiled.size >= MAX_COMPILED && oldest !== undefined) this.#compiled.delete(oldest);
    this.#compiled.set(regex, pattern);
    return pattern;
  }
}

/** Sum of the counts in `x{n}` and `x{n,m}`, each of which becomes as many copies of what it repeats. */
function repetitionsOf(regex: string): number {
  let sum = 0;
  for (const [, least, most] of regex.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) sum += Number(most === undefined || most === '' ? least : most);
  return sum;
}

function invalid(regex: string, why: string): KafkaProtocolError {
  return new KafkaProtocolError(
    Code.INVALID_REGULAR_EXPRESSION,
    `SubscribedTopicRegex \`${regex}\` is not a valid regular expression: ${why}.`,
  );
}
