import { buildTopology } from './build-topology.ts';
import { RandomNumbers } from './random-numbers.ts';
import type { Action, Expression, Input, Scenario, SerdeName, Step, Storing } from './scenario.ts';
import { agg, cat, eq, isNull, k, not, SS, tv, v, when } from './scenarios/shorthand.ts';

/** Nodes a topology gets besides its sources and sinks, at most. */
const MAX_OPERATORS = 8;
const MAX_RECORDS = 24;
const KEYS = ['a', 'b', 'c', 'd', 'e'];
const WINDOW_SIZE_MS = 20;
const NAME = 'seed ';

/** Drawing again is rarely needed more than twice. */
const MAX_DRAWINGS = 100;

/**
 * A topology drawn from a seed, with input: the same seed is the same scenario. Keys are texts, values texts or numbers.
 *
 * Kafka Streams' test driver runs all sub-topologies as one task, as no application does. So that it makes no difference,
 * every output topic has one writer, there are no punctuations by stream time, and no sub-topology reads two repartition
 * topics, whose records would have the same timestamps.
 */
export function randomScenario(seed: number): Scenario {
  for (let drawing = 0; drawing < MAX_DRAWINGS; drawing++) {
    const scenario = new Drawing(seed, drawing).scenario();
    if (isDetermined(scenario)) return scenario;
  }
  throw new Error(`Seed ${seed} leads to no scenario`);
}

/** Whether a scenario was drawn. */
export function isRandom({ name }: Scenario): boolean {
  return name.startsWith(NAME);
}

function isDetermined(scenario: Scenario): boolean {
  const { subTopologies } = buildTopology(scenario, []).plan();
  return subTopologies.every(({ sources }) => sources.flatMap(({ topics }) => topics).filter(({ internal }) => internal).length < 2);
}

interface Drawn {
  readonly id: string;
  readonly value: 'string' | 'long';
}

class Drawing {
  private readonly seed: number;
  private readonly random: RandomNumbers;
  private readonly steps: Step[] = [];
  private readonly streams: Drawn[] = [];
  private readonly tables: Drawn[] = [];
  private readonly globalTables: string[] = [];
  /** Streams and tables that nothing reads yet. */
  private readonly open = new Set<string>();
  private readonly topics: string[] = [];
  private readonly mayThrow: boolean;
  private readonly hasDeadLetters: boolean;
  private readonly caching: boolean;
  private ids = 0;

  constructor(seed: number, drawing: number) {
    this.seed = seed;
    this.random = new RandomNumbers(seed * MAX_DRAWINGS + drawing);
    this.mayThrow = this.random.oneIn(4);
    this.hasDeadLetters = this.mayThrow && this.random.oneIn(2);
    this.caching = this.random.oneIn(2);
  }

  scenario(): Scenario {
    const { random } = this;
    this.sources();
    const operators = 2 + random.below(MAX_OPERATORS - 1);
    for (let count = 0; count < operators; count++) this.operator();
    this.sinks();
    const { caching } = this;
    const processing = this.mayThrow ? 'continue' : 'fail';
    const config = { caching, processing, ...(this.hasDeadLetters ? { deadLetterTopic: 'dead', maskDeadLetters: true } : {}) } as const;
    return { name: `${NAME}${this.seed}`, config, steps: this.steps, input: this.input() };
  }

  private sources(): void {
    const { random } = this;
    this.source('in');
    if (random.oneIn(2)) this.source('in2');
    if (random.oneIn(2)) {
      this.topics.push('rows');
      this.addTable(
        { op: 'table', id: this.newId(), topic: 'rows', serdes: SS, ...(random.oneIn(2) ? { as: 'rows-store' } : {}) },
        'string',
      );
    }
    if (random.oneIn(3)) {
      this.topics.push('global');
      const id = this.newId();
      this.steps.push({ op: 'globalTable', id, topic: 'global', serdes: SS, as: 'global-store' });
      this.globalTables.push(id);
    }
  }

  private source(topic: string): void {
    this.topics.push(topic);
    this.addStream({ op: 'stream', id: this.newId(), topics: [topic], serdes: SS }, 'string');
  }

  private operator(): void {
    const { random } = this;
    if (this.tables.length > 0 && random.oneIn(3)) this.tableOperator(random.pick(this.tables));
    else this.streamOperator(random.pick(this.streams));
  }

  private streamOperator({ id: from, value }: Drawn): Drawn {
    const { random } = this;
    this.open.delete(from);
    const serdes = ['string', value] as const;
    const id = this.newId();
    switch (random.below(17)) {
      case 0:
        return this.addStream({ op: random.pick(['filter', 'filterNot'] as const), id, from, fn: this.predicate() }, value);
      case 1:
        return this.addStream({ op: 'map', id, from, key: this.newKey(), value: this.newText() }, 'string');
      case 2:
        return this.addStream({ op: 'mapValues', id, from, fn: this.newText() }, 'string');
      case 3:
        return this.addStream(
          { op: 'flatMap', id, from, fn: ['list', ['list', this.newKey(), this.newText()], ['list', k, this.newText()]] },
          'string',
        );
      case 4:
        return this.addStream({ op: 'flatMapValues', id, from, fn: ['list', this.newText(), ['text', v], this.newText()] }, 'string');
      case 5:
        return this.addStream({ op: 'selectKey', id, from, fn: this.newKey() }, value);
      case 6:
        return this.addStream({ op: 'peek', id, from, fn: cat(from, ' ', k, '=', v) }, value);
      case 7:
        return this.merge(id, from, value);
      case 8:
        return this.split(from, value);
      case 9:
        return this.addStream({ op: 'repartition', id, from, serdes }, value);
      case 10:
        return this.addTable({ op: 'toTable', id, from, ...this.storing(value, true) }, value);
      case 11:
        return this.addStream({ op: 'process', id, ...this.processor(from, value) }, 'string');
      case 12:
        return this.join(id, from, value);
      case 13:
      case 14:
        return this.streamJoin(id, from, value);
      default:
        return this.group(from, value);
    }
  }

  private tableOperator({ id: from, value }: Drawn): Drawn {
    this.open.delete(from);
    const id = this.newId();
    switch (this.random.below(4)) {
      case 0:
        return this.addTable(
          { op: this.random.pick(['filter', 'filterNot'] as const), id, from, fn: this.predicate(), ...this.storing(value) },
          value,
        );
      case 1:
        return this.addTable({ op: 'mapValues', id, from, fn: this.newText(), ...this.storing('string') }, 'string');
      case 2:
        return this.addStream({ op: 'toStream', id, from, fn: this.newKey() }, value);
      default:
        return this.addStream({ op: 'toStream', id, from }, value);
    }
  }

  private merge(id: string, from: string, value: Drawn['value']): Drawn {
    const other = this.random.pick(this.streams.filter((stream) => stream.value === value));
    this.open.delete(other.id);
    return this.addStream({ op: 'merge', id, from, with: other.id }, value);
  }

  private split(from: string, value: Drawn['value']): Drawn {
    const branches = [0, 1].map(() => ({ id: this.newId(), fn: this.predicate() }));
    const rest = this.random.oneIn(2) ? this.newId() : undefined;
    this.steps.push({ op: 'split', from, branches, ...(rest === undefined ? {} : { default: rest }) });
    if (rest !== undefined) this.keep(this.streams, { id: rest, value });
    const [first] = branches.map(({ id }) => this.keep(this.streams, { id, value }));
    return first!;
  }

  private join(id: string, from: string, value: Drawn['value']): Drawn {
    const { random } = this;
    const op = random.pick(['join', 'leftJoin'] as const);
    const fn = this.shortened(cat(v, '+', tv));
    if (this.globalTables.length > 0 && random.oneIn(2)) {
      return this.addStream({ op, id, from, with: random.pick(this.globalTables), key: this.newKey(), fn }, 'string');
    }
    const table = random.pick(this.tables);
    if (table === undefined) return this.addStream({ op: 'mapValues', id, from, fn: this.newText() }, 'string');
    return this.addStream({ op, id, from, with: table.id, fn, serdes: ['string', value] }, 'string');
  }

  private streamJoin(id: string, from: string, value: Drawn['value']): Drawn {
    const { random } = this;
    const other = random.pick(this.streams);
    this.open.delete(other.id);
    const [beforeMs, afterMs] = [random.below(25), random.below(25)];
    const windows = { beforeMs, afterMs, graceMs: random.oneIn(2) ? 0 : random.below(20) };
    const serdes = ['string', value, other.value] as const;
    const op = random.pick(['streamJoin', 'streamLeftJoin', 'streamOuterJoin'] as const);
    const named = random.oneIn(3) ? { name: `join-${id}`, storeName: `kept-${id}` } : {};
    return this.addStream({ op, id, from, with: other.id, fn: this.shortened(cat(v, '+', tv)), windows, serdes, ...named }, 'string');
  }

  /** groupBy or groupByKey, maybe windows, and an aggregation. */
  private group(from: string, value: Drawn['value']): Drawn {
    const { random } = this;
    const serdes = ['string', value] as const;
    const grouped = this.newId();
    if (random.oneIn(2)) this.steps.push({ op: 'groupByKey', id: grouped, from, serdes });
    else this.steps.push({ op: 'groupBy', id: grouped, from, fn: this.newKey(), serdes });
    if (!random.oneIn(3)) return this.aggregation(this.newId(), grouped, value, false);
    const windowed = this.newId();
    const advance = random.oneIn(2) ? { advanceMs: 5 + random.below(WINDOW_SIZE_MS - 4) } : {};
    this.steps.push({ op: 'windowedBy', id: windowed, from: grouped, sizeMs: WINDOW_SIZE_MS, graceMs: random.below(15), ...advance });
    const table = this.aggregation(this.newId(), windowed, value, true);
    // What follows knows only keys that are texts.
    this.tables.pop();
    this.open.delete(table.id);
    const fn = cat(['inner', k], '@', ['start', k]);
    return this.addStream({ op: 'toStream', id: this.newId(), from: table.id, fn }, table.value);
  }

  private aggregation(id: string, from: string, value: Drawn['value'], windowed: boolean): Drawn {
    const { random } = this;
    const choice = random.below(3);
    if (choice === 0) return this.addTable({ op: 'count', id, from, ...this.storing('long') }, 'long');
    if (choice === 1 || windowed) {
      const joined = this.shortened(cat(k, agg, ',', v));
      // Kafka Streams' cached window stores notice the time of a deletion only where there was something to delete.
      const fn = windowed && this.caching ? joined : this.sometimesNull(joined);
      return this.addTable({ op: 'aggregate', id, from, init: '', fn, ...this.storing('string', true) }, 'string');
    }
    const fn: Expression = value === 'long' ? ['add', agg, v] : this.shortened(cat(agg, ',', v));
    return this.addTable(
      { op: 'reduce', id, from, fn: random.oneIn(3) ? when(eq(['mod', v, 4], 1), null, fn) : fn, ...this.storing(value, true) },
      value,
    );
  }

  private processor(
    from: string,
    value: SerdeName,
  ): { readonly from: string; readonly script: { readonly process: Action[] }; readonly stores: string[] } {
    const { random } = this;
    const store = `store-${this.newId()}`;
    const caching = random.oneIn(2);
    this.steps.push({ op: 'store', store, kind: 'keyValue', serdes: ['string', 'string'], caching });
    const known: Expression = ['call', 'get', store, k];
    const shorter = ['tail', cat(known, v), 8] as const;
    const forward: Action = [
      'forward',
      k,
      cat(known, '/', v),
      random.oneIn(3) ? { ts: ['add', ['ts'], random.below(30)], headers: [['made', v]] } : {},
    ];
    const change: Action = ['if', eq(['mod', v, 3], 0), [['put', store, k, null]], [['put', store, k, shorter]]];
    // Backwards, Kafka Streams' cached stores sometimes show rows that were deleted.
    const how = caching ? 'all' : random.pick(['all', 'reverseAll'] as const);
    const scan: Action = ['if', eq(['mod', v, 5], 0), [['scan', store, how]]];
    const actions: Action[] = random.oneIn(2) ? [forward, change, scan] : [change, forward];
    return {
      from,
      script: { process: [['if', isNull(k), [['forward', 'none', ['text', v]]], actions]] },
      stores: value === '' ? [] : [store],
    };
  }

  private sinks(): void {
    let outputs = 0;
    for (const { id, value } of [...this.tables]) {
      if (!this.open.has(id)) continue;
      this.open.delete(id);
      this.addStream({ op: 'toStream', id: this.newId(), from: id }, value);
    }
    for (const { id, value } of this.streams) {
      if (this.open.has(id)) this.steps.push({ op: 'to', from: id, topic: `out-${++outputs}`, serdes: ['string', value] });
    }
  }

  private input(): Input[] {
    const { random } = this;
    const input: Input[] = [];
    let now = 10;
    for (let count = 8 + random.below(MAX_RECORDS - 7); count > 0; count--) {
      now += random.below(12);
      const key = random.oneIn(9) ? null : random.pick(KEYS);
      const text = random.oneIn(3) ? `w${random.below(20)} ${random.pick(KEYS)}` : random.pick(KEYS);
      const timestamp = random.oneIn(3) ? Math.max(0, now - random.below(40)) : now;
      const record = [random.pick(this.topics), key, random.oneIn(7) ? null : text, timestamp] as const;
      input.push(random.oneIn(5) ? [...record, [['h', String(count)]]] : record);
    }
    return input;
  }

  private predicate(): Expression {
    const { random } = this;
    return random.pick<Expression>([
      not(isNull(v)),
      eq(['mod', v, 3], random.below(3)),
      eq(['mod', k, 2], random.below(2)),
      not(eq(k, random.pick(KEYS))),
    ]);
  }

  private newKey(): Expression {
    const { random } = this;
    const key = random.pick<Expression>([['tail', v, 1], cat('k', ['mod', v, 3]), k, cat(k, ['mod', v, 2])]);
    return random.oneIn(4) ? when(eq(['mod', v, 5], random.below(5)), null, key) : key;
  }

  private newText(): Expression {
    const { random } = this;
    const text = random.pick<Expression>([cat(v, '.'), this.shortened(cat(k, ':', v)), ['text', v], ['tail', v, 2]]);
    if (this.mayThrow && random.oneIn(3)) return when(eq(['mod', v, 4], random.below(4)), ['throw', cat('threw on ', v)], text);
    return this.sometimesNull(text);
  }

  private sometimesNull(expression: Expression): Expression {
    return this.random.oneIn(3) ? when(eq(['mod', v, 5], this.random.below(5)), null, expression) : expression;
  }

  private shortened(expression: Expression): Expression {
    return ['tail', expression, 12];
  }

  /** `needed`: the operator cannot go without serdes. */
  private storing(value: Drawn['value'], needed = false): Storing {
    const { random } = this;
    if (!needed && random.oneIn(2)) return {};
    const storeSerdes = ['string', value] as const;
    const caching = random.oneIn(4) ? { caching: false } : {};
    return random.oneIn(2) ? { storeSerdes, ...caching } : { as: `store-${this.newId()}`, storeSerdes, ...caching };
  }

  private addStream(step: Extract<Step, { id: string }>, value: Drawn['value']): Drawn {
    this.steps.push(step);
    return this.keep(this.streams, { id: step.id, value });
  }

  private addTable(step: Extract<Step, { id: string }>, value: Drawn['value']): Drawn {
    this.steps.push(step);
    return this.keep(this.tables, { id: step.id, value });
  }

  private keep(list: Drawn[], drawn: Drawn): Drawn {
    list.push(drawn);
    this.open.add(drawn.id);
    return drawn;
  }

  private newId(): string {
    return `n${++this.ids}`;
  }
}
