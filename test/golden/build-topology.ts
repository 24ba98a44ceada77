import type {
  FixedKeyProcessor,
  FixedKeyRecord,
  GlobalKTable,
  KGroupedStream,
  KStream,
  KTable,
  TimeWindowedKStream,
} from '../../src/dsl/index.ts';
import { JoinWindows, StreamsBuilder, TimeWindows } from '../../src/dsl/index.ts';
import type { Serde } from '../../src/serde/serde.ts';
import type { StoreSpec } from '../../src/state/store-spec.ts';
import { type Processor, Stores, Topology } from '../../src/topology/index.ts';
import type { ConsumedRecord, RecordContext } from '../../src/topology/operators.ts';
import { evaluate, reads, text } from './expressions.ts';
import type { Expression, Scenario, Script, SerdePair, Step, StoreStep, Storing } from './scenario.ts';
import { ScriptRunner } from './script-processor.ts';
import { serdeOf } from './serdes.ts';

type Stream = KStream<unknown, unknown>;
type Table = KTable<unknown, unknown>;
type Grouped = KGroupedStream<unknown, unknown>;
type KeyValueFunction = (key: unknown, value: unknown) => unknown;
type ValueKeyFunction = (value: unknown, key: unknown) => unknown;
type StepOf<Op extends Step['op']> = Extract<Step, { op: Op }>;

/** The topology of a scenario; what its functions see goes to `trace`. `test/java/judge/Interpreter.java` in TypeScript. */
export function buildTopology(scenario: Scenario, trace: string[]): Topology {
  return new Interpreter(scenario, trace).build();
}

class Interpreter {
  private readonly scenario: Scenario;
  private readonly trace: string[];
  private readonly builder: StreamsBuilder<unknown, unknown>;
  private readonly objects = new Map<string, unknown>();

  constructor(scenario: Scenario, trace: string[]) {
    this.scenario = scenario;
    this.trace = trace;
    const [key, value] = scenario.config.defaultSerdes ?? ['string', 'string'];
    this.builder = new StreamsBuilder<unknown, unknown>({ defaultKeySerde: serdeOf(key), defaultValueSerde: serdeOf(value) });
  }

  build(): Topology {
    if (this.scenario.steps.some(({ op }) => op === 'addSource')) return this.lowLevel();
    for (const step of this.scenario.steps) this.apply(step);
    return this.builder.build();
  }

  private apply(step: Step): void {
    const result = this.call(step);
    if (result !== undefined && 'id' in step) this.objects.set(step.id, result);
  }

  private call(step: Step): unknown {
    switch (step.op) {
      case 'stream':
        return this.builder.stream(step.topics, { ...keyed(step.serdes), ...extractor(step.timestamp) });
      case 'table':
        return this.builder.table(step.topic, { ...keyed(step.serdes), ...storing(step) });
      case 'globalTable':
        return this.builder.globalTable(step.topic, { ...keyed(step.serdes), ...storing(step) });
      case 'store':
        return void this.builder.addStateStore(storeSpec(step));
      case 'addGlobalStore':
        return void this.builder.addGlobalStore(storeSpec(step), step.topic, keyed(step.sourceSerdes), this.supplier(step.script));
      case 'filter':
      case 'filterNot':
        return this.filter(step);
      case 'mapValues': {
        const source = this.streamOrTable(step.from);
        const mapper = valueKeyFunction(step.fn);
        return isTable(source) ? source.mapValues(mapper, storing(step)) : source.mapValues(mapper);
      }
      case 'count':
      case 'reduce':
      case 'aggregate':
        return this.aggregate(step);
      case 'toStream':
        return step.fn === undefined ? this.table(step.from).toStream() : this.table(step.from).toStream(keyValueFunction(step.fn));
      case 'join':
      case 'leftJoin':
        return this.join(step);
      case 'streamJoin':
      case 'streamLeftJoin':
      case 'streamOuterJoin':
        return this.streamJoin(step);
      case 'split':
        return this.split(step);
      default:
        return this.callOnStream(step);
    }
  }

  private callOnStream(step: Step): unknown {
    const stream = 'from' in step ? this.stream(step.from) : undefined;
    if (stream === undefined) throw new Error(`Step ${step.op} belongs to the low-level API: the scenario has no source of it`);
    switch (step.op) {
      case 'map': {
        const [key, value] = [keyValueFunction(step.key), keyValueFunction(step.value)];
        return stream.map((k, v) => [key(k, v), value(k, v)]);
      }
      case 'flatMap':
        return stream.flatMap(keyValueFunction(step.fn) as (key: unknown, value: unknown) => [unknown, unknown][]);
      case 'flatMapValues':
        return stream.flatMapValues(valueKeyFunction(step.fn) as (value: unknown, key: unknown) => unknown[]);
      case 'selectKey':
        return stream.selectKey(keyValueFunction(step.fn));
      case 'peek':
        return stream.peek((k, v) => this.trace.push(text(evaluate(step.fn, { k, v }))));
      case 'foreach':
        return void stream.foreach((k, v) => this.trace.push(text(evaluate(step.fn, { k, v }))));
      case 'merge':
        return stream.merge(this.stream(step.with));
      case 'groupBy':
        return stream.groupBy(keyValueFunction(step.fn), { ...keyed(step.serdes), ...named(step) });
      case 'groupByKey':
        return stream.groupByKey({ ...keyed(step.serdes), ...named(step) });
      case 'windowedBy': {
        const windows = TimeWindows.ofSizeAndGrace(step.sizeMs, step.graceMs);
        return this.get<Grouped>(step.from).windowedBy(step.advanceMs === undefined ? windows : windows.advanceBy(step.advanceMs));
      }
      case 'toTable':
        return stream.toTable(storing(step));
      case 'repartition':
        return stream.repartition({
          ...keyed(step.serdes),
          ...named(step),
          ...(step.partitions === undefined ? {} : { partitions: step.partitions }),
        });
      case 'process':
        return stream.process(this.supplier(step.script), { stores: step.stores ?? [] });
      case 'processValues':
        return stream.processValues(() => new FixedKeyScript(new ScriptRunner(step.script, this.trace)), { stores: step.stores ?? [] });
      case 'to':
        return void stream.to(topicOf(step.topic), { ...keyed(step.serdes), ...named(step) });
      default:
        throw new Error(`No step "${step.op}"`);
    }
  }

  private filter(step: StepOf<'filter' | 'filterNot'>): unknown {
    const source = this.streamOrTable(step.from);
    const predicate = keyValueFunction(step.fn) as (key: unknown, value: unknown) => boolean;
    if (isTable(source)) return step.op === 'filter' ? source.filter(predicate, storing(step)) : source.filterNot(predicate, storing(step));
    return step.op === 'filter' ? source.filter(predicate) : source.filterNot(predicate);
  }

  private aggregate(step: StepOf<'count' | 'reduce' | 'aggregate'>): unknown {
    const grouped = this.get<Grouped | TimeWindowedKStream<unknown, unknown>>(step.from);
    const options = storing(step) as never;
    if (step.op === 'count') return grouped.count(options);
    if (step.op === 'reduce') return grouped.reduce((agg, v) => evaluate(step.fn, { agg, v }), options);
    return grouped.aggregate(
      () => evaluate(step.init, {}),
      (k, v, agg) => evaluate(step.fn, { k, v, agg }),
      options,
    );
  }

  private join(step: StepOf<'join' | 'leftJoin'>): unknown {
    const stream = this.stream(step.from);
    const other = this.get<Table | GlobalKTable<unknown, unknown>>(step.with);
    const joiner = (v: unknown, tv: unknown, k: unknown): unknown => evaluate(step.fn, { v, tv, k });
    if (step.key !== undefined) {
      const [table, selector] = [other as GlobalKTable<unknown, unknown>, keyValueFunction(step.key)];
      return step.op === 'join' ? stream.join(table, selector, joiner) : stream.leftJoin(table, selector, joiner);
    }
    const options = step.serdes === undefined ? {} : keyed(step.serdes);
    return step.op === 'join' ? stream.join(other as Table, joiner, options) : stream.leftJoin(other as Table, joiner, options);
  }

  private streamJoin(step: StepOf<'streamJoin' | 'streamLeftJoin' | 'streamOuterJoin'>): Stream {
    const { beforeMs, afterMs, graceMs } = step.windows;
    const [stream, other] = [this.stream(step.from), this.stream(step.with)];
    const joiner = (v: unknown, tv: unknown, k: unknown): unknown => evaluate(step.fn, { v, tv, k });
    const widestMs = Math.max(Math.abs(beforeMs), Math.abs(afterMs));
    const windows = JoinWindows.ofTimeDifferenceAndGrace(widestMs, graceMs).before(beforeMs).after(afterMs);
    const [keySerde, valueSerde, otherValueSerde] = step.serdes.map(serdeOf) as [Serde<unknown>, Serde<unknown>, Serde<unknown>];
    const { storeName } = step;
    const options = { keySerde, valueSerde, otherValueSerde, ...named(step), ...(storeName === undefined ? {} : { storeName }) };
    if (step.op === 'streamJoin') return stream.join(other, joiner, windows, options);
    return step.op === 'streamLeftJoin'
      ? stream.leftJoin(other, joiner, windows, options)
      : stream.outerJoin(other, joiner, windows, options);
  }

  private split(step: StepOf<'split'>): undefined {
    let split = this.stream(step.from).split();
    const keep = (id: string) => ({ withConsumer: (branch: Stream) => void this.objects.set(id, branch) });
    for (const { id, fn } of step.branches)
      split = split.branch(keyValueFunction(fn) as (key: unknown, value: unknown) => boolean, keep(id));
    if (step.default === undefined) split.noDefaultBranch();
    else split.defaultBranch(keep(step.default));
  }

  private lowLevel(): Topology {
    const topology = new Topology();
    for (const step of this.scenario.steps) {
      if (step.op === 'addSource') topology.addSource(step.name, step.topics, { ...keyed(step.serdes), ...extractor(step.timestamp) });
      else if (step.op === 'addProcessor') topology.addProcessor(step.name, this.supplier(step.script), ...step.parents);
      else if (step.op === 'addSink') topology.addSink(step.name, topicOf(step.topic), step.parents, keyed(step.serdes));
      else if (step.op === 'store') topology.addStateStore(storeSpec(step), ...(step.processors ?? []));
      else throw new Error(`Step ${step.op} is no part of the low-level API`);
    }
    return topology;
  }

  private supplier(script: Script): () => Processor {
    return () => {
      const runner = new ScriptRunner(script, this.trace);
      return {
        init: (context) =>
          runner.init(context, (key, value, timestamp, headers, child) =>
            context.forward(
              { key, value, ...(timestamp === undefined ? {} : { timestamp }), ...(headers === undefined ? {} : { headers }) },
              child,
            ),
          ),
        process: ({ key, value, timestamp, headers }) => runner.process(key, value, timestamp, headers),
      };
    };
  }

  private get<T>(id: string): T {
    const object = this.objects.get(id);
    if (object === undefined) throw new Error(`Scenario ${this.scenario.name}: nothing is called "${id}"`);
    return object as T;
  }

  private stream(id: string): Stream {
    return this.get<Stream>(id);
  }

  private table(id: string): Table {
    return this.get<Table>(id);
  }

  private streamOrTable(id: string): Stream | Table {
    return this.get<Stream | Table>(id);
  }
}

/** The engine makes the records; a script changes value, timestamp and headers of the one it was given last. */
class FixedKeyScript implements FixedKeyProcessor<unknown, unknown, unknown> {
  private readonly runner: ScriptRunner;
  private current: FixedKeyRecord<unknown, unknown> | undefined = undefined;

  constructor(runner: ScriptRunner) {
    this.runner = runner;
  }

  init(context: Parameters<NonNullable<FixedKeyProcessor<unknown, unknown, unknown>['init']>>[0]): void {
    this.runner.init(context, (_key, value, timestamp, headers, child) => {
      let record = this.current!.withValue(value);
      if (timestamp !== undefined) record = record.withTimestamp(timestamp);
      if (headers !== undefined) record = record.withHeaders(headers);
      context.forward(record, child);
    });
  }

  process(record: FixedKeyRecord<unknown, unknown>): void {
    this.current = record;
    this.runner.process(record.key, record.value, record.timestamp, record.headers);
  }
}

function isTable(object: Stream | Table): object is Table {
  return 'toStream' in object;
}

/** A function that reads no value has no parameter for it: the engine decodes what functions ask for. */
function keyValueFunction(expression: Expression): KeyValueFunction {
  if (reads(expression, 'v')) return (k, v) => evaluate(expression, { k, v });
  if (reads(expression, 'k')) return (k) => evaluate(expression, { k });
  return () => evaluate(expression, {});
}

function valueKeyFunction(expression: Expression): ValueKeyFunction {
  if (reads(expression, 'k')) return (v, k) => evaluate(expression, { k, v });
  if (reads(expression, 'v')) return (v) => evaluate(expression, { v });
  return () => evaluate(expression, {});
}

function topicOf(expression: Expression): string | ((key: unknown, value: unknown, context: RecordContext) => string) {
  if (typeof expression === 'string') return expression;
  return (k, v, { topic, partition, offset, timestamp: ts }) =>
    text(evaluate(expression, { k, v, ts, origin: `${topic}-${partition}@${offset}` }));
}

function extractor(expression: Expression | undefined) {
  if (expression === undefined) return {};
  const timestampExtractor = ({ key: k, value: v, timestamp: ts }: ConsumedRecord, partitionTime: number): number =>
    evaluate(expression, { k, v, ts, partitionTime }) as number;
  return { timestampExtractor };
}

function keyed([key, value]: SerdePair) {
  return { keySerde: serdeOf(key), valueSerde: serdeOf(value) };
}

function named(step: { readonly name?: string }) {
  return step.name === undefined ? {} : { name: step.name };
}

function storing({ as, storeSerdes, caching, logging, retentionMs }: Storing) {
  return {
    ...(as === undefined ? {} : { as }),
    ...(storeSerdes === undefined ? {} : keyed(storeSerdes)),
    ...(caching === undefined ? {} : { caching }),
    ...(logging === undefined ? {} : { logging }),
    ...(retentionMs === undefined ? {} : { retentionMs }),
  };
}

function storeSpec(step: Omit<StoreStep, 'op'>): StoreSpec<unknown, unknown> {
  const { store, kind, serdes, caching = false, logging = true, windowSizeMs = 1, retentionMs = 1, retainDuplicates = false } = step;
  const options = { ...keyed(serdes), caching, logging };
  if (kind === 'keyValue' || kind === 'timestampedKeyValue') return Stores[kind](store, options);
  return Stores[kind](store, { ...options, windowSizeMs, retentionMs, retainDuplicates });
}
