/** Versions in the notation of Kafka's message files: `3+`, `2-7` or `4`. */
export type Versions = `${number}+` | `${number}-${number}` | `${number}`;

export interface VersionRange {
  readonly first: number;
  readonly last: number;
}

const LATEST = 0x7fff;

export function parseVersions(text: Versions): VersionRange {
  const match = /^(\d+)(\+|-(\d+))?$/.exec(text);
  if (match === null) throw new TypeError(`Versions must look like 3+, 2-7 or 4, not ${text}`);
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : match[2] === '+' ? LATEST : Number(match[3]);
  return { first, last };
}

export function includesVersion(range: VersionRange, version: number): boolean {
  return version >= range.first && version <= range.last;
}
