/** All ACLs: kept in the metadata log, found by what they are about. */

import type { SecurityRecord } from '../records.ts';
import { type AclBinding, type AclFilter, bindingKey, matchesFilter } from './binding.ts';
import { PatternType, WILDCARD } from './constants.ts';

/** ACLs of one resource type by the name in their pattern. */
interface OfType {
  readonly literal: Map<string, AclBinding[]>;
  readonly prefixed: Map<string, AclBinding[]>;
  /** No prefix is or was longer: names of clients may be, and need not be looked at any further. */
  longestPrefix: number;
}

export class AclStore {
  readonly #acls = new Map<string, AclBinding>();
  readonly #byType = new Map<number, OfType>();
  readonly #append: (record: SecurityRecord) => void;
  readonly #listeners = new Set<() => void>();

  /** `append` writes to the metadata log; it throws when that fails, and then nothing is changed. */
  constructor(append: (record: SecurityRecord) => void) {
    this.#append = append;
  }

  get size(): number {
    return this.#acls.size;
  }

  /** Calls back after every change. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  find(filter: AclFilter): AclBinding[] {
    return [...this.#acls.values()].filter((acl) => matchesFilter(filter, acl));
  }

  /** Adding one that is there already changes nothing, as in Kafka. */
  add(acl: AclBinding): void {
    if (this.#acls.has(bindingKey(acl))) return;
    this.#append({ type: 'acl', acl });
    this.#put(acl);
  }

  delete(acl: AclBinding): void {
    if (!this.#acls.has(bindingKey(acl))) return;
    this.#append({ type: 'acl-deleted', acl });
    this.#remove(acl);
  }

  /** The ACLs that are about one resource: by its name, by a prefix of it, or about all resources of its type. */
  applyingTo(resourceType: number, resourceName: string): AclBinding[] {
    const ofType = this.#byType.get(resourceType);
    if (ofType === undefined) return [];
    const { literal, prefixed, longestPrefix } = ofType;
    const found = [...(literal.get(resourceName) ?? [])];
    if (resourceName !== WILDCARD) found.push(...(literal.get(WILDCARD) ?? []));
    const end = Math.min(resourceName.length, longestPrefix);
    for (let length = 1; length <= end; length++) found.push(...(prefixed.get(resourceName.slice(0, length)) ?? []));
    return found;
  }

  /** A record of the metadata log, when the broker starts. */
  replay(record: Extract<SecurityRecord, { type: `acl${string}` }>): void {
    if (record.type === 'acl') this.#put(record.acl);
    else this.#remove(record.acl);
  }

  snapshot(): SecurityRecord[] {
    return [...this.#acls.values()].map((acl) => ({ type: 'acl', acl }));
  }

  #put(acl: AclBinding): void {
    this.#acls.set(bindingKey(acl), acl);
    const names = this.#namesOf(acl);
    const ofName = names.get(acl.resourceName);
    if (ofName === undefined) names.set(acl.resourceName, [acl]);
    else ofName.push(acl);
    this.#changed();
  }

  #remove(acl: AclBinding): void {
    const key = bindingKey(acl);
    if (!this.#acls.delete(key)) return;
    const names = this.#namesOf(acl);
    const left = (names.get(acl.resourceName) ?? []).filter((other) => bindingKey(other) !== key);
    if (left.length === 0) names.delete(acl.resourceName);
    else names.set(acl.resourceName, left);
    this.#changed();
  }

  #namesOf({ resourceType, resourceName, patternType }: AclBinding): Map<string, AclBinding[]> {
    let ofType = this.#byType.get(resourceType);
    if (ofType === undefined) {
      ofType = { literal: new Map(), prefixed: new Map(), longestPrefix: 0 };
      this.#byType.set(resourceType, ofType);
    }
    if (patternType !== PatternType.PREFIXED) return ofType.literal;
    ofType.longestPrefix = Math.max(ofType.longestPrefix, resourceName.length);
    return ofType.prefixed;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
