import type { Expression, Scenario, SerdePair, Step } from '../scenario.ts';

/** Variables and serdes that nearly every scenario uses. */
export const k: Expression = ['k'];
export const v: Expression = ['v'];
export const agg: Expression = ['agg'];
export const tv: Expression = ['tv'];
export const SS: SerdePair = ['string', 'string'];
export const SL: SerdePair = ['string', 'long'];
export const WS: SerdePair = ['windowed:string:10', 'string'];
export const WL: SerdePair = ['windowed:string:10', 'long'];

export const cat = (...parts: Expression[]): Expression => ['cat', ...parts];
export const isNull = (value: Expression): Expression => ['isNull', value];
export const not = (value: Expression): Expression => ['not', value];
export const eq = (a: Expression, b: Expression): Expression => ['eq', a, b];
export const when = (condition: Expression, then: Expression, otherwise: Expression): Expression => ['if', condition, then, otherwise];

export const stream = (id: string, topic: string, serdes: SerdePair = SS): Step => ({ op: 'stream', id, topics: [topic], serdes });
export const to = (from: string, topic: Expression, serdes: SerdePair = SS): Step => ({ op: 'to', from, topic, serdes });
/** A table's changes, written to a topic. */
export const changesTo = (from: string, topic: string, serdes: SerdePair = SS): Step[] => [
  { op: 'toStream', id: `${from}-changes`, from },
  to(`${from}-changes`, topic, serdes),
];

type Unnamed = Omit<Scenario, 'name' | 'config'> & { readonly config?: Partial<Scenario['config']> };

/** One scenario, without a cache. */
export function scenario(name: string, { config, ...rest }: Unnamed): Scenario[] {
  return [{ name, config: { caching: false, ...config }, ...rest }];
}

/** The same with a cache and without. */
export function bothWays(name: string, { config, ...rest }: Unnamed): Scenario[] {
  return [true, false].map((caching) => ({ name: `${name}, ${caching ? 'cached' : 'uncached'}`, config: { ...config, caching }, ...rest }));
}
