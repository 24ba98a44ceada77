/** The faults that are set. */

import { MillraceError } from '../../errors.ts';
import { checkFault } from './check-fault.ts';
import type { Fault, FaultStatus } from './fault.ts';
import { FaultRule } from './fault-rule.ts';

/** More at a time is a test that forgot to remove them. */
const MAX_FAULTS = 1000;

export class Faults {
  readonly #rules = new Map<number, FaultRule>();
  readonly #onChange: () => void;
  #nextId = 1;

  /** `onChange` is called when a fault came or went. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#rules.size;
  }

  /** In the order in which they were added. */
  rules(): Iterable<FaultRule> {
    return this.#rules.values();
  }

  /** Returns the fault's id. Throws INVALID_CONFIG. */
  add(fault: Fault): number {
    const checked = checkFault(fault);
    if (this.#rules.size >= MAX_FAULTS) {
      throw new MillraceError('INVALID_STATE', `There are ${MAX_FAULTS} faults already. Remove those that are not needed any more.`);
    }
    const rule = new FaultRule(this.#nextId++, checked);
    this.#rules.set(rule.id, rule);
    this.#onChange();
    return rule.id;
  }

  /** False when there is no such fault. */
  remove(id: number): boolean {
    const rule = this.#rules.get(id);
    if (rule === undefined) return false;
    this.#rules.delete(id);
    rule.removed();
    this.#onChange();
    return true;
  }

  clear(): void {
    for (const id of [...this.#rules.keys()]) this.remove(id);
  }

  /** Throws INVALID_STATE when there is no such fault. */
  get(id: number): FaultRule {
    const rule = this.#rules.get(id);
    if (rule === undefined)
      throw new MillraceError('INVALID_STATE', `There is no fault ${id}; it may have been removed.`, { context: { id } });
    return rule;
  }

  list(): FaultStatus[] {
    return [...this.#rules.values()].map((rule) => rule.status);
  }
}
