/** Exchanges with two brokers side by side: where do they differ, apart from what {@link normalise} replaces? */
import { isDeepStrictEqual } from 'node:util';
import { Names, normalise } from './normalise.ts';
import type { Exchange } from './talk.ts';
import { encodedAgain, requestTree, responseTree, type Tree } from './tree.ts';

export interface Difference {
  readonly step: string;
  readonly api: string;
  readonly version: number;
  /** Field path without indexes, such as `topics[].partitions[].errorCode`. */
  readonly path: string;
  /** With indexes, to find it. */
  readonly place: string;
  readonly kafka: Tree | undefined;
  readonly ours: Tree | undefined;
}

/** @param recorded with Apache Kafka @param ours with the embedded broker */
export function compare(recorded: readonly Exchange[], ours: readonly Exchange[]): Difference[] {
  const [theirNames, ourNames] = [new Names(), new Names()];
  const differences: Difference[] = [];
  for (const [index, theirs] of recorded.entries()) {
    const mine = ours[index];
    if (mine === undefined || mine.step !== theirs.step) {
      throw new Error(
        `Step ${index + 1} was recorded as "${theirs.step}" and is now "${mine?.step}": record again (npm run test:kafka -- --record).`,
      );
    }
    differences.push(...compareExchange(theirs, mine, theirNames, ourNames));
  }
  if (ours.length > recorded.length) {
    throw new Error(`"${ours[recorded.length]?.step}" was never recorded: record again (npm run test:kafka -- --record).`);
  }
  return differences;
}

function compareExchange(theirs: Exchange, mine: Exchange, theirNames: Names, ourNames: Names): Difference[] {
  const { step, api, version } = theirs;
  const found = (path: string, kafka: Tree | undefined, ours: Tree | undefined): Difference[] => [
    { step, api: api.name, version, path: path.replaceAll(/\[\d+\]/g, '[]'), place: path, kafka, ours },
  ];
  const before = theirNames.replaced;
  const requests = compareRequests(theirs, mine, theirNames, ourNames);
  if (requests !== undefined) return found('(request)', ...requests);
  if (theirs.response === null || mine.response === null) {
    if (theirs.response === mine.response) return [];
    return found('(connection)', outcome(theirs), outcome(mine));
  }
  const wrong = [theirs, mine].flatMap((exchange) => miscoded(exchange));
  if (wrong.length > 0) return found('(codec)', ...(wrong as [Tree, Tree]));
  const kafka = normalise(ownOnly(responseTree(api, version, theirs.response), mine.only), theirNames, api.name);
  const ours = normalise(ownOnly(responseTree(api, version, mine.response), mine.only), ourNames, api.name);
  const places = placesOf(kafka, ours, '').flatMap(([path, a, b]) => found(path, a, b));
  if (places.length === 0 && mine.only === undefined && theirNames.replaced === before && !theirs.response.equals(mine.response)) {
    return found('(bytes)', theirs.response.toString('hex'), mine.response.toString('hex'));
  }
  return places;
}

/** Requests that are not the same show that the scenario was changed after it was recorded. */
function compareRequests(theirs: Exchange, mine: Exchange, theirNames: Names, ourNames: Names): [Tree, Tree] | undefined {
  const kafka = normalise(requestTree(theirs.api, theirs.version, theirs.request), theirNames, theirs.api.name);
  const ours = normalise(requestTree(mine.api, mine.version, mine.request), ourNames, mine.api.name);
  return isDeepStrictEqual(kafka, ours) ? undefined : [kafka, ours];
}

/** The bytes of a response that our codecs do not give back as they were, and what they make of them. */
function miscoded({ api, version, response }: Exchange): [Tree, Tree] | [] {
  if (response === null) return [];
  const again = encodedAgain(api, version, response);
  return again.equals(response) ? [] : [response.toString('hex'), again.toString('hex')];
}

/** Without the topics, groups and transactions of others; sorted, as a list of everything has no order. */
function ownOnly(tree: Tree, prefix: string | undefined): Tree {
  if (prefix === undefined || !isStruct(tree)) return tree;
  const isOwn = (each: Tree): boolean => nameOf(each)?.startsWith(prefix) ?? true;
  return Object.fromEntries(
    Object.entries(tree).map(([field, value]) => {
      if (!Array.isArray(value)) return [field, ownOnly(value, prefix)];
      const own = value.filter(isOwn).map((each: Tree) => ownOnly(each, prefix));
      return [field, own.toSorted((a: Tree, b: Tree) => (nameOf(a) ?? '').localeCompare(nameOf(b) ?? ''))];
    }),
  );
}

const NAME_FIELDS = ['name', 'groupId', 'transactionalId', 'topic'];

function nameOf(tree: Tree): string | undefined {
  if (!isStruct(tree)) return undefined;
  const name = NAME_FIELDS.map((field) => tree[field]).find((value) => typeof value === 'string');
  return typeof name === 'string' ? name : undefined;
}

function outcome({ response }: Exchange): string {
  return response === null ? 'closed' : 'answered';
}

/** Where two values differ, deepest first. Arrays of different length differ as a whole. */
function placesOf(kafka: Tree | undefined, ours: Tree | undefined, path: string): [string, Tree | undefined, Tree | undefined][] {
  if (isDeepStrictEqual(kafka, ours)) return [];
  if (Array.isArray(kafka) && Array.isArray(ours) && kafka.length === ours.length) {
    return kafka.flatMap((each: Tree, index) => placesOf(each, ours[index], `${path}[${index}]`));
  }
  if (isStruct(kafka) && isStruct(ours)) {
    const prefix = path === '' ? '' : `${path}.`;
    return Object.keys(kafka).flatMap((name) => placesOf(kafka[name], ours[name], prefix + name));
  }
  return [[path, kafka, ours]];
}

function isStruct(tree: Tree | undefined): tree is { readonly [field: string]: Tree } {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}
