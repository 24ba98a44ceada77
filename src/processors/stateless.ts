import type { ProcessorNode } from '../topology/nodes.ts';
import type { Operator } from '../topology/operators.ts';
import { compile } from './compile.ts';
import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import { checkPair } from './pair.ts';
import { argumentsFor } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

/** A node with an operator that looks at a record and at nothing else. */
export interface StatelessSpec extends ProcessorNode {
  readonly operator: Extract<Operator, { readonly type: 'filter' | 'map' | 'mapValues' | 'selectKey' | 'peek' | 'foreach' }>;
}

export function isStateless(node: ProcessorNode): node is StatelessSpec {
  switch (node.operator.type) {
    case 'filter':
    case 'map':
    case 'mapValues':
    case 'selectKey':
    case 'peek':
    case 'foreach':
      return true;
    default:
      return false;
  }
}

/** Takes a record through a chain: false where an operator drops it. Notes in `chain.at` which one is at work. */
type Chain = (chain: StatelessNode, out: FlowRecord) => boolean;

/**
 * Stateless operators that follow each other without a branch, as one node: their functions are called by straight code,
 * and only what comes out at the end is a record again. Errors are reported under the name of the operator whose function
 * threw.
 *
 * - filter, filterNot: the record itself goes on or not; null keys and values reach the predicate.
 * - map: a new key and value; timestamp and headers stay.
 * - mapValues: called for null values too; the key goes on as it came, undecoded if nobody read it.
 * - selectKey (and the first half of groupBy): a new key; the value goes on as it came.
 * - peek and foreach: a side effect; foreach simply has no children.
 */
export class StatelessNode extends FlowNode {
  /** The operator at work. */
  at = 0;
  readonly key = new Field(true);
  readonly value = new Field(false);
  private readonly out = new FlowRecord(this.key, this.value);
  private readonly specs: readonly StatelessSpec[];
  private readonly chain: Chain;

  constructor(specs: readonly StatelessSpec[], runtime: NodeRuntime) {
    super(specs[0]!.name, runtime);
    this.specs = specs;
    this.chain = chainOf(specs);
  }

  /** Has no `try` around the children: they report their errors themselves. */
  override process(record: FlowRecord): void {
    this.run(record);
  }

  protected run(record: FlowRecord): void {
    const { out } = this;
    out.keyField = record.keyField;
    out.valueField = record.valueField;
    if (!this.passes(out)) return;
    if (out.keyField === record.keyField && out.valueField === record.valueField) {
      this.forward(record); // nothing new: it may still be copied as bytes
      return;
    }
    out.inherit(record);
    this.forward(out);
  }

  private passes(out: FlowRecord): boolean {
    try {
      return this.chain(this, out);
    } catch (error) {
      this.runtime.processingFailed(error, this.specs[this.at]!.name);
      return false;
    }
  }
}

interface CompiledChain {
  readonly specs: readonly StatelessSpec[];
  readonly chain: Chain;
}

/** By the first operator. */
const compiled = new WeakMap<StatelessSpec, CompiledChain>();

/** Compiled once for all tasks of a sub-topology. */
function chainOf(specs: readonly StatelessSpec[]): Chain {
  const known = compiled.get(specs[0]!);
  if (known !== undefined && known.specs.length === specs.length && known.specs.every((spec, at) => spec === specs[at])) return known.chain;
  const chain = compileChain(specs);
  compiled.set(specs[0]!, { specs, chain });
  return chain;
}

function compileChain(specs: readonly StatelessSpec[]): Chain {
  const values: Record<string, unknown> = { checkPair };
  const steps = specs.map(({ operator }, at) => {
    const call = `call${at}`;
    values[call] = functionOf(operator);
    return `  chain.at = ${at};\n  ${stepOf(operator, call)}`;
  });
  const code = `return function chain(chain, out) {
  let key = out.keyField, value = out.valueField, result;
${steps.join('\n')}
  out.keyField = key;
  out.valueField = value;
  return true;
};`;
  return compile(specs.map(({ name }) => name).join(' > '), values, code);
}

type StatelessOperator = StatelessSpec['operator'];

function functionOf(operator: StatelessOperator): (...args: never[]) => unknown {
  switch (operator.type) {
    case 'filter':
      return operator.predicate;
    case 'map':
    case 'mapValues':
      return operator.mapper;
    case 'selectKey':
      return operator.selector;
    case 'peek':
    case 'foreach':
      return operator.action;
  }
}

/** The code of one operator. Only what its function reads is decoded. */
function stepOf(operator: StatelessOperator, call: string): string {
  const fn = functionOf(operator);
  const ofRecord = `${call}(${argumentsFor(fn, 'key.get()', 'value.get()')})`;
  switch (operator.type) {
    case 'filter':
      // Truthiness, not identity: predicates like `(k, v) => v.count` are common in JavaScript.
      return `if (${operator.not ? '' : '!'}${ofRecord}) return false;`;
    case 'map':
      return `result = checkPair(${ofRecord}, 'map');
  key = chain.key; value = chain.value;
  key.set(result[0]); value.set(result[1]);`;
    case 'mapValues':
      return `result = ${call}(${argumentsFor(fn, 'value.get()', 'key.get()')}); value = chain.value; value.set(result);`;
    case 'selectKey':
      return `result = ${ofRecord}; key = chain.key; key.set(result);`;
    case 'peek':
    case 'foreach':
      return `${ofRecord};`;
  }
}
