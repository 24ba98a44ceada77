/**
 * What two brokers cannot have in common: ids they make up, the time, ports and paths. Such values are replaced by names
 * in the order in which they first appear, so what matters stays: which of them are equal, and where they stand.
 */
import type { Tree } from './tree.ts';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const ZERO_ID = '0'.repeat(32);
/** Times of records that scenarios write lie before this, times by the brokers' clocks after it. */
const FIRST_CLOCK_TIME = 1_780_000_000_000;
const LAST_CLOCK_TIME = 4_000_000_000_000;

/** Fields by name, and what stands in them. Reasons are what the names of the kinds say. */
const KINDS: Readonly<Record<string, string>> = {
  topicId: 'topic id',
  producerId: 'producer id',
  sessionId: 'fetch session',
  clusterId: 'cluster id',
  port: 'port',
  logDir: 'directory',
};
/** What changes while a scenario runs, so not even equality means anything. */
const CHANGING = new Set(['totalBytes', 'usableBytes']);
/** Ids that brokers give to members of the new group protocol, and those that clients make up, are UUIDs in base 64. */
const SHORT_UUID = /^[\w-]{22}$/;

/** Lists whose order means nothing (Kafka's is that of a hash table), by what their elements are told apart by. */
const UNORDERED: Readonly<Record<string, string>> = {
  'DescribeConfigs.results.configs': 'name',
  'DeleteTopics.responses': 'name',
  'DeleteGroups.results': 'groupId',
  'AddPartitionsToTxn.resultsByTopicV3AndBelow.resultsByPartition': 'partitionIndex',
  'AddPartitionsToTxn.resultsByTransaction.topicResults.resultsByPartition': 'partitionIndex',
  'DescribeTransactions.transactionStates.topics.partitions': '',
  'AlterClientQuotas.entries.entity': 'entityType',
  'ApiVersions.finalizedFeatures': 'name',
  'ApiVersions.supportedFeatures': 'name',
};

/** Producer ids from here on are made up by scenarios: brokers give small ones. */
export const MADE_UP_PRODUCER_ID = 1_000_000;

/** Names given on one side. One object serves a whole scenario. */
export class Names {
  readonly #byKind = new Map<string, Map<string, string>>();
  /** Values replaced so far; a message without any must be equal byte for byte. */
  replaced = 0;

  /** A uuid that was named before, in the middle of a text; anything else stays. */
  known(value: string): string {
    const name = this.#byKind.get('uuid')?.get(value);
    if (name !== undefined) this.replaced++;
    return name ?? value;
  }

  of(kind: string, value: string | number): string {
    const names = this.#byKind.get(kind) ?? new Map<string, string>();
    this.#byKind.set(kind, names);
    const key = String(value);
    const name = names.get(key) ?? `<${kind} ${names.size + 1}>`;
    names.set(key, name);
    this.replaced++;
    return name;
  }
}

/** @param path of the fields down to this one, without indexes, the API's name first */
export function normalise(tree: Tree, names: Names, path: string): Tree {
  const field = path.slice(path.lastIndexOf('.') + 1);
  if (typeof tree === 'number') return normaliseNumber(tree, names, field);
  if (typeof tree === 'string') return normaliseString(tree, names, field);
  if (tree === null || typeof tree === 'boolean') return tree;
  if (Array.isArray(tree)) return sorted(tree, path, names).map((each) => normalise(each, names, path));
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, normalise(value, names, `${path}.${name}`)]));
}

function sorted(array: readonly Tree[], path: string, names: Names): readonly Tree[] {
  const key = UNORDERED[path];
  if (key === undefined) return array;
  names.replaced++;
  const rank = (each: Tree): string => JSON.stringify(key === '' ? each : (each as { readonly [field: string]: Tree })[key]);
  return array.toSorted((a, b) => rank(a).localeCompare(rank(b)));
}

function normaliseNumber(value: number, names: Names, field: string): Tree {
  if (CHANGING.has(field) && value > 0) {
    names.replaced++;
    return '<changing>';
  }
  if (/time/i.test(field) && value > FIRST_CLOCK_TIME && value < LAST_CLOCK_TIME) {
    names.replaced++;
    return '<now>';
  }
  const kind = KINDS[field];
  // Nobody makes up zero or less: those mean that there is none. (Producer id 0 is a real one.)
  if (kind === undefined || value < 0 || (value === 0 && field !== 'producerId')) return value;
  if (field === 'producerId' && value >= MADE_UP_PRODUCER_ID) return value;
  return names.of(kind, value);
}

function normaliseString(value: string, names: Names, field: string): Tree {
  const kind = KINDS[field];
  if (kind !== undefined && value !== '' && value !== ZERO_ID) return names.of(kind, value);
  if (field === 'memberId' && SHORT_UUID.test(value)) return names.of('uuid', value);
  if (value.length > 22) value = value.replace(/[\w-]{22}/g, (text) => names.known(text));
  return value.replace(UUID, (uuid) => names.of('uuid', uuid));
}
