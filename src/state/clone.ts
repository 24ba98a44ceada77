/** What {@link clonePlain} answers for something it cannot copy. */
export const NOT_PLAIN: unique symbol = Symbol('not plain');

/**
 * A deep copy of plain data: primitives, plain objects, arrays, Date, Map, Set and Uint8Array. Answers
 * {@link NOT_PLAIN} when it meets an instance of any other class; only its serde knows how to copy that.
 */
export function clonePlain(value: unknown): unknown {
  if (typeof value === 'function') return NOT_PLAIN;
  if (typeof value !== 'object' || value === null) return value;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return cloneObject(value as Record<string, unknown>);
  if (Array.isArray(value)) return prototype === Array.prototype ? cloneArray(value) : NOT_PLAIN;
  switch (prototype) {
    case Date.prototype:
      return new Date((value as Date).getTime());
    case Map.prototype:
      return cloneMap(value as Map<unknown, unknown>);
    case Set.prototype:
      return cloneSet(value as Set<unknown>);
    case Uint8Array.prototype:
      return (value as Uint8Array).slice();
    case Buffer.prototype:
      return Buffer.from(value as Buffer);
    default:
      return NOT_PLAIN;
  }
}

/** Spreading copies the hidden class along with the fields, which is much faster than adding them one by one. */
function cloneObject(value: Record<string, unknown>): unknown {
  const copy = { ...value };
  for (const name in copy) {
    const field = copy[name];
    if ((typeof field !== 'object' || field === null) && typeof field !== 'function') continue;
    const cloned = clonePlain(field);
    if (cloned === NOT_PLAIN) return NOT_PLAIN;
    copy[name] = cloned;
  }
  return copy;
}

function cloneArray(value: readonly unknown[]): unknown {
  const copy = value.slice();
  for (let i = 0; i < copy.length; i++) {
    const item = copy[i];
    if ((typeof item !== 'object' || item === null) && typeof item !== 'function') continue;
    const cloned = clonePlain(item);
    if (cloned === NOT_PLAIN) return NOT_PLAIN;
    copy[i] = cloned;
  }
  return copy;
}

function cloneMap(value: ReadonlyMap<unknown, unknown>): unknown {
  const copy = new Map<unknown, unknown>();
  for (const [key, item] of value) {
    const clonedKey = clonePlain(key);
    const clonedItem = clonePlain(item);
    if (clonedKey === NOT_PLAIN || clonedItem === NOT_PLAIN) return NOT_PLAIN;
    copy.set(clonedKey, clonedItem);
  }
  return copy;
}

function cloneSet(value: ReadonlySet<unknown>): unknown {
  const copy = new Set<unknown>();
  for (const item of value) {
    const cloned = clonePlain(item);
    if (cloned === NOT_PLAIN) return NOT_PLAIN;
    copy.add(cloned);
  }
  return copy;
}
