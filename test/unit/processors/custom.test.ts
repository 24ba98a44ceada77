import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../../src/dsl/index.ts';
import { int64, string } from '../../../src/serde/index.ts';
import type { KeyValueStore } from '../../../src/state/index.ts';
import { TopologyTestDriver } from '../../../src/testing/index.ts';
import {
  type Cancellable,
  type Processor,
  type ProcessorContext,
  type PunctuationType,
  Stores,
  Topology,
} from '../../../src/topology/index.ts';

const text = { keySerde: string(), valueSerde: string() };

/** source `in` → processor → sinks `left` and `right`. */
function topologyOf(make: () => Processor): Topology {
  return new Topology()
    .addSource('source', 'in', text)
    .addProcessor('processor', make, 'source')
    .addSink('left', 'left-topic', 'processor', text)
    .addSink('right', 'right-topic', 'processor', text);
}

function drive(make: () => Processor, initialWallClockMs = 0) {
  const driver = new TopologyTestDriver(topologyOf(make), { initialWallClockMs, settings: { appConfig: { limit: 3 } } });
  return {
    driver,
    input: driver.createInputTopic('in', string(), string()),
    read: (topic: string) => driver.createOutputTopic(topic, string(), string()).readRecordsToList(),
  };
}

/** A processor that calls back on a schedule and notes with which time. */
function punctuating(
  intervalMs: number,
  type: PunctuationType,
  fired: number[],
  act: (context: ProcessorContext, cancellable: Cancellable, timestamp: number) => void = () => {},
) {
  return (): Processor => ({
    init(context) {
      const cancellable = context.schedule(intervalMs, type, (timestamp) => {
        fired.push(timestamp);
        act(context, cancellable, timestamp);
      });
    },
    process() {},
  });
}

describe('Processor API', () => {
  it('forwards to all children in order, or to the one named, with timestamp and headers of the record unless given', () => {
    let context: ProcessorContext;
    const { input, read } = drive(() => ({
      init: (given) => {
        context = given;
      },
      process: ({ key, value }) => {
        context.forward({ key, value });
        context.forward({ key, value: `${value}!`, timestamp: 9, headers: [] }, 'right');
      },
    }));
    input.pipeRecord({ key: 'k', value: 'v', timestamp: 5, headers: [['h', null]] });
    const first = { key: 'k', value: 'v', timestamp: 5, headers: [['h', null]] };
    expect(read('left-topic')).toEqual([first]);
    expect(read('right-topic')).toEqual([first, { key: 'k', value: 'v!', timestamp: 9, headers: [] }]);
  });

  it('gives out records that may be kept, and a context that knows where they came from', () => {
    const kept: unknown[] = [];
    let context: ProcessorContext;
    const { driver, input } = drive(() => ({
      init: (given) => {
        context = given;
      },
      process: (record) => void kept.push([record, context.recordMetadata(), context.currentStreamTimeMs()]),
    }));
    input.pipeInput('a', '1', 5);
    input.pipeInput('b', '2', 3);
    expect(kept).toEqual([
      [{ key: 'a', value: '1', timestamp: 5, headers: [] }, { topic: 'in', partition: 0, offset: 0 }, 5],
      [{ key: 'b', value: '2', timestamp: 3, headers: [] }, { topic: 'in', partition: 0, offset: 1 }, 5],
    ]);
    expect([context!.applicationId, context!.taskId, context!.appConfig]).toEqual(['test-app', '0_0', { limit: 3 }]);
    driver.advanceWallClockTime(7);
    expect(context!.currentSystemTimeMs()).toBe(7);
  });

  it('refuses unknown children, unconnected stores, bad timestamps and intervals', () => {
    const failing = (act: (context: ProcessorContext) => void) => () => {
      let context: ProcessorContext;
      const { input } = drive(() => ({
        init: (given) => {
          context = given;
        },
        process: () => act(context),
      }));
      input.pipeInput('k', 'v', 1);
    };
    expect(failing((c) => c.forward({ key: 'k', value: 'v' }, 'middle'))).toThrow(/"middle", which is not a child.*left, right/);
    expect(failing((c) => c.getStateStore('nowhere'))).toThrow(/no access to store "nowhere"/);
    expect(failing((c) => c.forward({ key: 'k', value: 'v', timestamp: -1 }))).toThrow(/timestamp -1/);
    expect(failing((c) => c.schedule(0, 'stream-time', () => {}))).toThrow(/every 0 ms/);
  });

  it('init before the first record, close once', () => {
    const calls: string[] = [];
    const { driver, input } = drive(() => ({
      init: () => void calls.push('init'),
      process: () => void calls.push('process'),
      close: () => void calls.push('close'),
    }));
    input.pipeInput('k', 'v', 1);
    driver.close();
    expect(calls).toEqual(['init', 'process', 'close']);
  });

  it('uses stores, which are logged and survive across records', () => {
    const store = Stores.keyValue('totals', { keySerde: string(), valueSerde: int64() });
    const supplier = Object.assign(
      (): Processor => {
        let totals: KeyValueStore<string, number>;
        return {
          init: (context) => {
            totals = context.getStateStore('totals');
          },
          process: ({ key, value }) => totals.put(key, (totals.get(key) ?? 0) + Number(value)),
        };
      },
      { stores: [store] },
    );
    const driver = new TopologyTestDriver(new Topology().addSource('s', 'in', text).addProcessor('p', supplier, 's'));
    driver.createInputTopic('in', string(), string()).pipeKeyValueList(
      [
        ['a', '1'],
        ['a', '2'],
        ['b', '5'],
      ],
      10,
      1,
    );
    expect([...driver.getKeyValueStore<string, number>('totals').all()]).toEqual([
      { key: 'a', value: 3 },
      { key: 'b', value: 5 },
    ]);
    expect(
      driver
        .createOutputTopic('test-app-totals-changelog', string(), int64())
        .readRecordsToList()
        .map(({ value, timestamp }) => [value, timestamp]),
    ).toEqual([
      [1, 10],
      [3, 11],
      [5, 12],
    ]);
  });

  it('process and processValues of the DSL run the same way', () => {
    const builder = new StreamsBuilder();
    const stream = builder.stream('in', text);
    let context: ProcessorContext<string, string>;
    stream
      .process<string, string>(() => ({
        init: (given) => {
          context = given;
        },
        process: ({ key, value }) => context.forward({ key: value, value: key }),
      }))
      .to('swapped', text);
    const driver = new TopologyTestDriver(builder);
    driver.createInputTopic('in', string(), string()).pipeInput('k', 'v', 1);
    expect(driver.createOutputTopic('swapped', string(), string()).readKeyValue()).toEqual({ key: 'v', value: 'k' });
  });

  it('a global store with a processor of its own', () => {
    const store = Stores.keyValue('shouting', { keySerde: string(), valueSerde: string(), logging: false });
    const topology = new Topology()
      .addGlobalStore(store, { sourceName: 'gs', topic: 'global', processorName: 'gp', ...text }, () => {
        let target: KeyValueStore<string, string>;
        return {
          init: (context) => {
            target = context.getStateStore('shouting');
          },
          process: ({ key, value }) => target.put(key, value.toUpperCase()),
        };
      })
      .addSource('s', 'in', text)
      .addProcessor(
        'p',
        () => {
          let context: ProcessorContext;
          return {
            init: (given) => {
              context = given;
            },
            process: ({ key }) =>
              context.forward({ key, value: context.getStateStore<KeyValueStore<string, string>>('shouting').get(key as string) }),
          };
        },
        's',
      )
      .addSink('k', 'out', 'p', text);
    const driver = new TopologyTestDriver(topology);
    driver.createInputTopic('global', string(), string()).pipeInput('a', 'hello', 1);
    driver.createInputTopic('in', string(), string()).pipeInput('a', 'x', 1);
    expect(driver.createOutputTopic('out', string(), string()).readValue()).toBe('HELLO');
    expect(driver.getKeyValueStore('shouting').get('a')).toBe('HELLO');
  });
});

describe('what comes after a forward with another timestamp or other headers', () => {
  it('sees them in stores, caches and topic names; afterwards everything is as before', () => {
    const builder = new StreamsBuilder();
    const changing = (): Processor<string, string, string, string> => {
      let context: ProcessorContext<string, string>;
      return {
        init: (given) => {
          context = given;
        },
        process: ({ key, value, timestamp }) => {
          context.forward({ key: `${key}1`, value, timestamp: timestamp + 100, headers: [['h', Buffer.from('new')]] });
          context.forward({ key: `${key}2`, value });
        },
      };
    };
    const keeping = (): Processor<string, string, string, string> => {
      let context: ProcessorContext<string, string>;
      return {
        init: (given) => {
          context = given;
        },
        process: ({ key, value }) => context.getStateStore<KeyValueStore<string, string>>('kept').put(key, value),
      };
    };
    const changed = builder.addStateStore(Stores.keyValue('kept', text)).stream('in', text).process(changing);
    changed.process(keeping, { stores: ['kept'] });
    changed
      .toTable({ as: 'cached', ...text })
      .toStream()
      .to('table', text);
    const driver = new TopologyTestDriver(builder);
    driver.createInputTopic('in', string(), string()).pipeRecord({ key: 'k', value: 'v', timestamp: 5, headers: [['h', null]] });
    const read = (topic: string) =>
      driver
        .createOutputTopic(topic, string(), string())
        .readRecordsToList()
        .map(({ key, timestamp, headers }) => [key, timestamp, headers]);
    expect(read('test-app-kept-changelog')).toEqual([
      ['k1', 105, []],
      ['k2', 5, []],
    ]);
    expect(read('table')).toEqual([
      ['k1', 105, [['h', Buffer.from('new')]]],
      ['k2', 5, [['h', null]]],
    ]);
  });
});

describe('punctuation', () => {
  it('W10: by stream time, aligned to 0, missed intervals are one call', () => {
    const fired: number[] = [];
    const { input } = drive(punctuating(10, 'stream-time', fired));
    for (const timestamp of [25, 29, 30, 61, 69, 70]) input.pipeInput('k', 'v', timestamp);
    expect(fired).toEqual([25, 30, 61, 70]);
  });

  it('by wall clock: first after one interval, only when the clock moves', () => {
    const fired: number[] = [];
    const { driver, input } = drive(punctuating(10, 'wall-clock-time', fired), 1_000);
    input.pipeInput('k', 'v', 5_000);
    driver.advanceWallClockTime(9);
    expect(fired).toEqual([]);
    driver.advanceWallClockTime(1);
    driver.advanceWallClockTime(35);
    driver.advanceWallClockTime(4);
    driver.advanceWallClockTime(1);
    expect(fired).toEqual([1_010, 1_045, 1_050]);
  });

  it('may cancel itself, and schedule others', () => {
    const fired: number[] = [];
    const { input } = drive(
      punctuating(10, 'stream-time', fired, (context, cancellable, timestamp) => {
        cancellable.cancel();
        context.schedule(100, 'stream-time', (at) => void fired.push(at + 0.5));
        expect(timestamp).toBe(5);
      }),
    );
    for (const timestamp of [5, 25, 120]) input.pipeInput('k', 'v', timestamp);
    // The new one is due at once, as in Kafka Streams.
    expect(fired).toEqual([5, 5.5, 120.5]);
  });

  it('calls what is due at the same time in the order of a Java PriorityQueue', () => {
    const called: string[] = [];
    const { input } = drive(() => ({
      init: (context) => {
        for (const [name, intervalMs] of [
          ['b', 20],
          ['a', 10],
          ['c', 10],
        ] as const)
          context.schedule(intervalMs, 'stream-time', (at) => void called.push(`${name}${at}`));
      },
      process: () => {},
    }));
    for (const timestamp of [5, 15, 40]) input.pipeInput('k', 'v', timestamp);
    expect(called).toEqual(['b5', 'c5', 'a5', 'c15', 'a15', 'c40', 'a40', 'b40']);
  });

  it('a punctuator that schedules without end is stopped until the next call', () => {
    let calls = 0;
    const { input } = drive(() => ({
      init: (context) => {
        const again = (): void => {
          calls++;
          context.schedule(1_000, 'stream-time', again);
        };
        again();
      },
      process: () => {},
    }));
    input.pipeInput('k', 'v', 0);
    expect(calls).toBe(100_001);
  });

  it('forwards with the time of the punctuation and without a record', () => {
    const fired: number[] = [];
    const metadata: unknown[] = [];
    const { driver, read } = drive(
      punctuating(10, 'wall-clock-time', fired, (context) => {
        metadata.push(context.recordMetadata());
        context.forward({ key: 'tick', value: 'x' }, 'left');
      }),
    );
    driver.advanceWallClockTime(10);
    expect(read('left-topic')).toEqual([{ key: 'tick', value: 'x', timestamp: 10, headers: [] }]);
    expect(metadata).toEqual([undefined]);
  });

  it('errors go to the processing handler, which sees no record', () => {
    const { driver } = drive(
      punctuating(10, 'wall-clock-time', [], () => {
        throw new Error('tick failed');
      }),
    );
    expect(() => driver.advanceWallClockTime(10)).toThrow(/Node "processor" of task 0_0 failed on a punctuation: tick failed/);
  });
});
