import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../src/errors.ts';
import type { Random } from './random.ts';

/** Where a fault may strike. */
export type FaultPoint =
  | 'init'
  | 'begin'
  | 'send'
  | 'sendOffsets'
  | 'commit'
  | 'abort'
  | 'flush'
  | 'committed'
  | 'commitOffsets'
  | 'listOffsets'
  | 'metadata'
  | 'seek'
  | 'replace';

export type FaultKind =
  /** The transaction has to be aborted. */
  | 'abortable'
  /** The producer is dead; the call had no effect. */
  | 'fatal'
  /** The producer is dead, but the call had its effect. */
  | 'fatal-done'
  /** It is not known what happened; nothing did. */
  | 'timeout'
  /** It is not known what happened; the call had its effect. */
  | 'timeout-done'
  | 'fenced';

const POSSIBLE: Readonly<Record<FaultPoint, readonly FaultKind[]>> = {
  init: ['timeout'],
  begin: ['fatal'],
  send: ['abortable', 'fatal'],
  sendOffsets: ['abortable', 'fatal', 'timeout', 'timeout-done'],
  commit: ['abortable', 'fatal', 'fatal-done', 'fatal-done', 'timeout', 'timeout-done', 'timeout-done', 'fenced'],
  abort: ['fatal', 'timeout'],
  flush: ['timeout', 'timeout-done'],
  committed: ['timeout'],
  commitOffsets: ['timeout', 'timeout-done'],
  listOffsets: ['timeout'],
  metadata: ['timeout'],
  seek: ['timeout'],
  replace: ['timeout'],
};

const SLOW_MAX_MS = 30;

/** Faults by chance, or by a script for tests of one case. */
export class Faults {
  /** Chance of a fault at each call, and of a slow one. */
  probability = 0;
  readonly counts = new Map<string, number>();
  readonly #random: Random;
  readonly #script: { readonly point: FaultPoint; readonly kind: FaultKind }[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** The next call of `point` that finds no earlier entry for it fails like this. */
  script(point: FaultPoint, kind: FaultKind): void {
    this.#script.push({ point, kind });
  }

  /** What happens to a call, perhaps after a while. `fenced` at most once: more often is final. */
  async at(point: FaultPoint): Promise<FaultKind | undefined> {
    const index = this.#script.findIndex((entry) => entry.point === point);
    if (index >= 0) return this.#script.splice(index, 1)[0]?.kind;
    if (this.probability === 0) return undefined;
    if (this.#random.chance(this.probability * 2)) await sleep(this.#random.below(SLOW_MAX_MS));
    if (!this.#random.chance(this.probability)) return undefined;
    const kind = this.#random.pick(POSSIBLE[point]);
    if (kind === 'fenced' && this.#counted('commit/fenced') >= 1) return undefined;
    this.counts.set(`${point}/${kind}`, this.#counted(`${point}/${kind}`) + 1);
    return kind;
  }

  #counted(name: string): number {
    return this.counts.get(name) ?? 0;
  }
}

/** The error that a call reports for a fault. */
export function faultError(point: FaultPoint, kind: FaultKind): MillraceError {
  const message = `Injected at ${point}: ${kind}.`;
  switch (kind) {
    case 'abortable':
      return new MillraceError('TRANSACTION_ABORTABLE', message, { abortable: true });
    case 'timeout':
    case 'timeout-done':
      return new MillraceError('TIMEOUT', message, { retriable: true });
    case 'fenced':
      return new MillraceError('PRODUCER_FENCED', message, { fatal: true });
    default:
      return new MillraceError('KAFKA_ERROR', message, { fatal: true });
  }
}
