import type { ProcessorNode } from '../topology/nodes.ts';
import { FlowNode } from './flow-node.ts';
import { Field, FlowRecord } from './flow-record.ts';
import { checkPair } from './map.ts';
import { type ReadParameters, readParameters } from './parameters.ts';
import type { NodeRuntime } from './runtime.ts';

// Numbers, not names: the loop over the stages switches on them for every record.
const FILTER = 0;
const MAP = 1;
const MAP_VALUES = 2;
const SELECT_KEY = 3;
const PEEK = 4;

const READS: Readonly<Record<ReadParameters, number>> = { none: 0, first: 1, both: 2 };

/** One operator of a chain. */
class Stage {
  readonly name: string;
  readonly kind: number;
  /** filterNot. */
  readonly not: boolean;
  private readonly call: (first: unknown, second: unknown) => unknown;
  private readonly reads: number;

  constructor(name: string, kind: number, call: (...args: never[]) => unknown, not = false) {
    this.name = name;
    this.kind = kind;
    this.not = not;
    this.call = call as (first: unknown, second: unknown) => unknown;
    this.reads = READS[readParameters(call)];
  }

  /** Calls the user's function; only what it reads is decoded. */
  run(first: Field, second: Field): unknown {
    const { call } = this;
    if (this.reads === 2) return call(first.get(), second.get());
    return call(this.reads === 1 ? first.get() : undefined, undefined);
  }
}

/** The stage of an operator; null for one that does nothing by itself; undefined for one that cannot be part of a chain. */
export function stageOf({ name, operator }: ProcessorNode): Stage | null | undefined {
  switch (operator.type) {
    case 'filter':
      return new Stage(name, FILTER, operator.predicate, operator.not);
    case 'map':
      return new Stage(name, MAP, operator.mapper);
    case 'mapValues':
      return new Stage(name, MAP_VALUES, operator.mapper);
    case 'selectKey':
      return new Stage(name, SELECT_KEY, operator.selector);
    case 'peek':
      return new Stage(name, PEEK, operator.action);
    case 'passThrough':
    case 'tableToStream':
      return null;
    default:
      return undefined;
  }
}

/**
 * Stateless operators that follow each other without a branch, as one node: a record runs through a loop over their
 * functions, and only what comes out at the end is a record again. What each of them does is said by its own node, such as
 * {@link FilterNode}; errors are reported under the name of the operator whose function threw.
 */
export class FusedNode extends FlowNode {
  private readonly stages: readonly Stage[];
  private readonly key = new Field(true);
  private readonly value = new Field(false);
  private readonly out = new FlowRecord(this.key, this.value);

  constructor(stages: readonly Stage[], runtime: NodeRuntime) {
    super(stages[0]!.name, runtime);
    this.stages = stages;
  }

  /** Has no `try` of its own around the children: they report their errors themselves. */
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

  /** Applies all stages to a record; false where one of them drops it. */
  private passes(out: FlowRecord): boolean {
    const { stages } = this;
    let at = 0;
    try {
      for (; at < stages.length; at++) if (!this.apply(stages[at]!, out)) return false;
      return true;
    } catch (error) {
      this.runtime.processingFailed(error, stages[at]!.name);
      return false;
    }
  }

  private apply(stage: Stage, out: FlowRecord): boolean {
    const { keyField, valueField } = out;
    switch (stage.kind) {
      case FILTER:
        return Boolean(stage.run(keyField, valueField)) !== stage.not;
      case MAP_VALUES:
        this.value.set(stage.run(valueField, keyField));
        out.valueField = this.value;
        return true;
      case SELECT_KEY:
        this.key.set(stage.run(keyField, valueField));
        out.keyField = this.key;
        return true;
      case PEEK:
        stage.run(keyField, valueField);
        return true;
      default:
        return this.map(stage, out);
    }
  }

  private map(stage: Stage, out: FlowRecord): boolean {
    const pair = checkPair(stage.run(out.keyField, out.valueField), 'map');
    this.key.set(pair[0]);
    this.value.set(pair[1]);
    out.keyField = this.key;
    out.valueField = this.value;
    return true;
  }
}

export type { Stage };
