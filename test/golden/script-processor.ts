import type {
  KeyValueStore,
  StoreIterator,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  ValueAndTimestamp,
  WindowStore,
} from '../../src/state/index.ts';
import type { Headers } from '../../src/topology/operators.ts';
import type { Cancellable } from '../../src/topology/processor-api.ts';
import { type Environment, evaluate, text } from './expressions.ts';
import type { Action, Expression, ForwardOptions, Script } from './scenario.ts';
import { show } from './serdes.ts';

/** The part of a context that scripts use; both kinds of processors have it. */
export interface ScriptContext {
  getStateStore<S>(name: string): S;
  schedule(intervalMs: number, type: 'stream-time' | 'wall-clock-time', punctuator: (timestampMs: number) => void): Cancellable;
  currentStreamTimeMs(): number;
  currentSystemTimeMs(): number;
  recordMetadata(): { readonly topic: string; readonly partition: number; readonly offset: number } | undefined;
  commit(): void;
}

export type Forward = (
  key: unknown,
  value: unknown,
  timestamp: number | undefined,
  headers: Headers | undefined,
  child: string | undefined,
) => void;

/** Runs a script. `test/java/judge/ScriptRunner.java` is the same in Java. */
export class ScriptRunner {
  private readonly script: Script;
  private readonly trace: string[];
  private context!: ScriptContext;
  private forward!: Forward;

  constructor(script: Script, trace: string[]) {
    this.script = script;
    this.trace = trace;
  }

  init(context: ScriptContext, forward: Forward): void {
    this.context = context;
    this.forward = forward;
    this.run(this.script.init ?? [], this.environment(null, null, -1, []));
  }

  process(key: unknown, value: unknown, timestamp: number, headers: Headers): void {
    this.run(this.script.process, this.environment(key, value, timestamp, headers));
  }

  private environment(k: unknown, v: unknown, ts: number, headers: Headers): Environment {
    const { context } = this;
    return {
      k,
      v,
      ts,
      headers,
      'call:get': (store: string, key: unknown) => context.getStateStore<KeyValueStore<unknown, unknown>>(store).get(key),
      'call:delete': (store: string, key: unknown) => context.getStateStore<KeyValueStore<unknown, unknown>>(store).delete(key),
      'call:getTimestamped': (store: string, key: unknown) =>
        stamped(context.getStateStore<TimestampedKeyValueStore<unknown, unknown>>(store).get(key)),
      'call:fetch': (store: string, key: unknown, startMs: number) =>
        context.getStateStore<WindowStore<unknown, unknown>>(store).fetch(key, startMs),
      'call:fetchTimestamped': (store: string, key: unknown, startMs: number) =>
        stamped(context.getStateStore<TimestampedWindowStore<unknown, unknown>>(store).fetch(key, startMs)),
      'call:streamTime': () => context.currentStreamTimeMs(),
      'call:wallTime': () => context.currentSystemTimeMs(),
      'call:origin': () => {
        const metadata = context.recordMetadata();
        return metadata === undefined ? 'none' : `${metadata.topic}-${metadata.partition}@${metadata.offset}`;
      },
      'call:headers': () => headers.map(([name, bytes]) => `${name}=${text(show(bytes))}`).join(','),
    };
  }

  private run(actions: readonly Action[], environment: Environment): void {
    for (const action of actions) this.step(action, environment);
  }

  /** One action; what it returns means nothing. */
  private step(action: Action, environment: Environment): unknown {
    const { context } = this;
    const value = (expression: Expression | undefined): never => evaluate(expression ?? null, environment) as never;
    switch (action[0]) {
      case 'forward':
        return this.send(value(action[1]), value(action[2]), action[3] ?? {}, environment);
      case 'put':
        return context.getStateStore<KeyValueStore<unknown, unknown>>(action[1]).put(value(action[2]), value(action[3]));
      case 'putIfAbsent':
        return context.getStateStore<KeyValueStore<unknown, unknown>>(action[1]).putIfAbsent(value(action[2]), value(action[3]));
      case 'putTimestamped': {
        const row = { value: value(action[3]), timestamp: value(action[4]) };
        return context.getStateStore<TimestampedKeyValueStore<unknown, unknown>>(action[1]).put(value(action[2]), row);
      }
      case 'putWindow':
        return context.getStateStore<WindowStore<unknown, unknown>>(action[1]).put(value(action[2]), value(action[3]), value(action[4]));
      case 'putTimestampedWindow': {
        const row = { value: value(action[3]), timestamp: value(action[4]) };
        return context.getStateStore<TimestampedWindowStore<unknown, unknown>>(action[1]).put(value(action[2]), row, value(action[5]));
      }
      case 'scan':
        for (const row of this.scan(action[1], action[2], value(action[3]), value(action[4])))
          this.send(row.key, row.value, {}, environment);
        return undefined;
      case 'scanWindows':
        for (const [key, row] of this.scanWindows(
          action[1],
          action[2],
          action.slice(3).map((operand) => value(operand as Expression)),
        ))
          this.send(key, row, {}, environment);
        return undefined;
      case 'if':
        return this.run(evaluate(action[1], environment) === true ? action[2] : (action[3] ?? []), environment);
      case 'trace':
        return this.trace.push(text(value(action[1])));
      case 'schedule':
        return this.schedule(action[1], action[2], action[3], action[4]);
      case 'commit':
        return context.commit();
    }
  }

  private send(key: unknown, value: unknown, options: ForwardOptions, environment: Environment): void {
    const headers = options.headers?.map(([name, expression]) => [name, headerBytes(evaluate(expression, environment))] as const);
    const timestamp = options.ts === undefined ? undefined : (evaluate(options.ts, environment) as number);
    this.forward(key, value, timestamp, headers, options.child);
  }

  private schedule(intervalMs: number, type: 'stream-time' | 'wall-clock-time', limit: number, actions: readonly Action[]): void {
    let calls = 0;
    const handle = this.context.schedule(intervalMs, type, (timestampMs) => {
      if (++calls === limit) handle.cancel();
      this.run(actions, this.environment(null, null, timestampMs, []));
    });
  }

  private scan(name: string, how: string, a: unknown, b: unknown): StoreIterator<{ readonly key: unknown; readonly value: unknown }> {
    const store = this.context.getStateStore<KeyValueStore<unknown, unknown>>(name);
    if (how === 'all') return store.all();
    if (how === 'reverseAll') return store.reverseAll();
    if (how === 'range') return store.range(a, b);
    if (how === 'reverseRange') return store.reverseRange(a, b);
    return store.prefixScan(a as string, { name: 'prefix', serialize: (prefix: string) => Buffer.from(prefix), deserialize: String });
  }

  private scanWindows(name: string, how: string, operands: readonly unknown[]): [key: string, value: unknown][] {
    const store = this.context.getStateStore<WindowStore<unknown, unknown>>(name);
    const [a, b, c, d] = operands as [never, never, never, never];
    if (how === 'fetch') return [...store.fetch(a, b, c)].map((row) => [`${text(a)}@${row.windowStartMs}`, row.value]);
    if (how === 'backwardFetch') return [...store.backwardFetch(a, b, c)].map((row) => [`${text(a)}@${row.windowStartMs}`, row.value]);
    const rows =
      how === 'all'
        ? store.all()
        : how === 'backwardAll'
          ? store.backwardAll()
          : how === 'fetchAll'
            ? store.fetchAll(a, b)
            : store.fetchRange(a, b, c, d);
    return [...rows].map(({ key, value }) => [`${text(key.key)}@${key.window.startMs}`, value]);
  }
}

function stamped(row: ValueAndTimestamp<unknown> | null): string | null {
  return row === null ? null : `${text(row.value)}@${row.timestamp}`;
}

function headerBytes(value: unknown): Buffer | null {
  return value === null ? null : Buffer.from(text(value));
}
