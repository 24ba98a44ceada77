import { compile } from './compile.ts';
import type { FlowRecord } from './flow-record.ts';
import type { NodeRuntime } from './runtime.ts';

type Forward = (this: FlowNode, record: FlowRecord) => void;

/** A running operator: one per node and task. */
export abstract class FlowNode {
  readonly name: string;
  protected readonly runtime: NodeRuntime;
  protected children: readonly FlowNode[] = [];
  /** The child, where there is one and no more. */
  onlyChild: FlowNode | undefined = undefined;
  /** Has all children process a record, in their order. */
  protected forward: Forward = toNobody;

  constructor(name: string, runtime: NodeRuntime) {
    this.name = name;
    this.runtime = runtime;
  }

  /**
   * Wiring, once.
   *
   * @param spec what the code is compiled for: all tasks of a sub-topology share it.
   */
  connect(children: readonly FlowNode[], spec: object = this): void {
    this.children = children;
    this.onlyChild = children.length === 1 ? children[0] : undefined;
    this.forward = forwardTo(children, this.name, spec);
  }

  /** Before the first record, when all nodes are connected and all stores are restored. */
  init(): void {}

  /** When the task is closed. */
  close(): void {}

  /**
   * Processes one record and all that follows from it, depth first. What `run` throws is reported under this node's
   * name; errors of nodes further down were reported there already and never arrive here.
   */
  process(record: FlowRecord): void {
    try {
      this.run(record);
    } catch (error) {
      this.failed(error);
    }
  }

  protected abstract run(record: FlowRecord): void;

  /** Reports what `run` threw. */
  protected failed(error: unknown): void {
    this.runtime.processingFailed(error, this.name);
  }

  /** `process` is the one above. */
  get reportsOwnErrors(): boolean {
    return this.process === FlowNode.prototype.process;
  }
}

function toNobody(): void {}

interface CompiledForward {
  /** Which children get a `run` in this code, and which a `process`. */
  readonly code: string;
  readonly forward: Forward;
}

const compiled = new WeakMap<object, CompiledForward>();

/**
 * Straight code for the step from a node to its children, so that each step has a call site of its own: `process` of the
 * base class is shared by all operators, and what it calls could be any of them.
 */
function forwardTo(children: readonly FlowNode[], name: string, spec: object): Forward {
  if (children.length === 0) return toNobody;
  const calls = children.map((child, at) => {
    const of = children.length === 1 ? 'this.onlyChild' : `this.children[${at}]`;
    if (!child.reportsOwnErrors) return `${of}.process(record);`;
    return `const child${at} = ${of};\n  try { child${at}.run(record); } catch (error) { child${at}.failed(error); }`;
  });
  const code = `return function forward(record) {\n  ${calls.join('\n  ')}\n};`;
  const known = compiled.get(spec);
  if (known?.code === code) return known.forward;
  const forward = compile<Forward>(name, {}, code);
  compiled.set(spec, { code, forward });
  return forward;
}
