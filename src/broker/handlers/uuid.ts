/** A topic id as it is on the wire: 16 bytes. */
export type Uuid = Uint8Array;

/** What stands for "no id". */
export const ZERO_UUID: Uuid = Buffer.alloc(16);

export function isZeroUuid(id: Uuid): boolean {
  return id.every((byte) => byte === 0);
}
