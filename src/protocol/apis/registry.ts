import type { Api } from '../schema/define.ts';
import * as apis from './index.ts';

/** Every API that has a schema, by rising key. Having one does not mean that a broker serves it. */
export const allApis: readonly Api[] = Object.values(apis).toSorted((a, b) => a.key - b.key);

const byKey = new Map(allApis.map((api) => [api.key, api]));

/** The API with this key; undefined when there is no schema for it. */
export function apiByKey(key: number): Api | undefined {
  return byKey.get(key);
}
