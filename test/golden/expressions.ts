import type { Windowed } from '../../src/serde/windowed.ts';
import type { Expression, Operation } from './scenario.ts';

/** The variables of an expression by name, e.g. `k`, `v`, `agg`, and what a processor can ask of its task. */
export type Environment = Readonly<Record<string, unknown>>;
type Apply = (operands: readonly Expression[], environment: Environment) => unknown;

/** The value of an expression. Numbers are whole: Java's `long`. `test/java/judge/Expressions.java` is the same in Java. */
export function evaluate(expression: Expression, environment: Environment): unknown {
  if (!isOperation(expression)) return expression;
  const operation = expression[0];
  const operands = expression.slice(1);
  if (operands.length === 0 && operation in environment) return environment[operation] ?? null;
  const apply = operations[operation];
  if (apply === undefined) throw new Error(`No operation or variable "${operation}" here`);
  return apply(operands, environment);
}

/** Whether an expression reads a variable: the interpreter gives functions no parameter that they do not read. */
export function reads(expression: Expression, variable: string): boolean {
  if (!isOperation(expression)) return false;
  const operation = expression[0];
  const operands = expression.slice(1);
  return operands.length === 0 ? operation === variable : operands.some((operand) => reads(operand, variable));
}

function isOperation(expression: Expression): expression is Operation {
  return Array.isArray(expression);
}

const operations: Record<string, Apply> = {
  cat: (operands, environment) => operands.map((operand) => text(evaluate(operand, environment))).join(''),
  add: (operands, environment) => operands.reduce<number>((sum, operand) => sum + Number(evaluate(operand, environment)), 0),
  max: ([a, b], environment) => Math.max(Number(evaluate(a!, environment)), Number(evaluate(b!, environment))),
  /** A small number made of any value. */
  mod: ([a, n], environment) => weight(evaluate(a!, environment)) % Number(n),
  eq: ([a, b], environment) => text(evaluate(a!, environment)) === text(evaluate(b!, environment)),
  lt: ([a, b], environment) => Number(evaluate(a!, environment)) < Number(evaluate(b!, environment)),
  not: ([a], environment) => evaluate(a!, environment) !== true,
  isNull: ([a], environment) => evaluate(a!, environment) === null,
  if: ([condition, then, otherwise], environment) => evaluate(evaluate(condition!, environment) === true ? then! : otherwise!, environment),
  list: (operands, environment) => operands.map((operand) => evaluate(operand, environment)),
  words: ([a], environment) => text(evaluate(a!, environment)).split(' '),
  /** The last characters of a text. */
  tail: ([a, n], environment) => text(evaluate(a!, environment)).slice(-Number(n)),
  text: ([a], environment) => text(evaluate(a!, environment)),
  number: ([a], environment) => Number(evaluate(a!, environment)),
  inner: ([a], environment) => (evaluate(a!, environment) as Windowed<unknown>).key,
  start: ([a], environment) => (evaluate(a!, environment) as Windowed<unknown>).window.startMs,
  throw: ([a], environment) => {
    throw new Error(text(evaluate(a!, environment)));
  },
  /** Calls a function of the environment: what a processor asks of its stores and its record. */
  call: ([name, ...operands], environment) => {
    const callee = environment[`call:${String(name)}`] as (...values: unknown[]) => unknown;
    return callee(...operands.map((operand) => evaluate(operand, environment))) ?? null;
  },
};

/** A value as text, the same in both languages. */
export function text(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `[${value.map(text).join(', ')}]`;
  if (isWindowed(value)) return `${text(value.key)}@${value.window.startMs}-${value.window.endMs}`;
  return String(value);
}

export function isWindowed(value: unknown): value is Windowed<unknown> {
  return typeof value === 'object' && value !== null && 'window' in value;
}

function weight(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === 'number') return Math.abs(value);
  let sum = 0;
  for (const character of text(value)) sum += character.charCodeAt(0);
  return sum;
}
