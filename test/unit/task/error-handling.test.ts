import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../../src/dsl/index.ts';
import { int64, json, string } from '../../../src/serde/index.ts';
import { TopologyTestDriver } from '../../../src/testing/index.ts';
import type { ErrorContext, HandlerResponse } from '../../../src/topology/handlers.ts';

const text = { keySerde: string(), valueSerde: string() };
const object = { keySerde: string(), valueSerde: json<{ n: number }>() };

/** Two branches of one stream; the first one's mapper throws for value `bad`. */
function twoBranches(): StreamsBuilder {
  const builder = new StreamsBuilder();
  const stream = builder.stream('in', text);
  stream
    .mapValues(
      (v) => {
        if (v === 'bad') throw new TypeError('cannot map this');
        return v;
      },
      { name: 'mapper' },
    )
    .to('first', text);
  stream.to('second', text);
  return builder;
}

function drive(builder: StreamsBuilder, settings: NonNullable<ConstructorParameters<typeof TopologyTestDriver>[1]>['settings'] = {}) {
  const driver = new TopologyTestDriver(builder, { settings });
  return { driver, read: (topic: string) => driver.createOutputTopic(topic, string(), string()).readValuesToList() };
}

describe('processing exception handler', () => {
  it('fail ends the task with an error that names node, topic, partition and offset', () => {
    const { driver } = drive(twoBranches());
    const input = driver.createInputTopic('in', string(), string());
    input.pipeInput('k', 'good', 0);
    expect(() => input.pipeInput('k', 'bad', 1)).toThrow(
      expect.objectContaining({
        code: 'PROCESSING_FAILED',
        message: 'Node "mapper" of task 0_0 failed on record in-0@1: cannot map this',
        context: { node: 'mapper', taskId: '0_0', topic: 'in', partition: 0, offset: 1 },
      }),
    );
  });

  it('continue skips what lies below the node, not its siblings', () => {
    const { driver, read } = drive(twoBranches(), { processingExceptionHandler: 'continue' });
    driver.createInputTopic('in', string(), string()).pipeKeyValueList(
      [
        ['k', 'bad'],
        ['k', 'good'],
      ],
      0,
      1,
    );
    expect(read('first')).toEqual(['good']);
    expect(read('second')).toEqual(['bad', 'good']);
    expect(driver.counters).toMatchObject({ recordsProcessed: 2, deadLetters: 0, recordsDropped: 1 });
    expect(driver.droppedRecords()).toMatchObject({ processing: 1 });
  });

  it('dead-letter writes the source record as it was, with the error in KIP-1034 headers', () => {
    const { driver, read } = drive(twoBranches(), { processingExceptionHandler: 'dead-letter', deadLetterTopic: 'dlq' });
    driver
      .createInputTopic('in', string(), string())
      .pipeRecord({ key: 'k', value: 'bad', timestamp: 42, headers: [['h', Buffer.from('own')]] });
    const letter = driver.createOutputTopic('dlq', string(), string()).readRecord();
    expect([letter.key, letter.value, letter.timestamp]).toEqual(['k', 'bad', 42]);
    const headers = Object.fromEntries(letter.headers.map(([name, value]) => [name, value?.toString()]));
    expect(headers).toMatchObject({
      h: 'own',
      '__streams.errors.exception': 'TypeError',
      '__streams.errors.message': 'cannot map this',
      '__streams.errors.topic': 'in',
      '__streams.errors.partition': '0',
      '__streams.errors.offset': '0',
    });
    expect(headers['__streams.errors.stacktrace']).toContain('TypeError: cannot map this');
    expect(read('second')).toEqual(['bad']);
    expect(driver.counters.deadLetters).toBe(1);
  });

  it('dead-letter without a topic is a failure that says so', () => {
    const { driver } = drive(twoBranches(), { processingExceptionHandler: 'dead-letter' });
    expect(() => driver.createInputTopic('in', string(), string()).pipeInput('k', 'bad')).toThrow(
      /deadLetterTopic is not set; the error was: cannot map this/,
    );
  });

  it('a function of the topology gets error and context, for the innermost node', () => {
    const seen: [string, ErrorContext][] = [];
    const builder = new StreamsBuilder({
      processingExceptionHandler: (error: Error, context: ErrorContext): HandlerResponse => {
        seen.push([error.message, context]);
        return 'continue';
      },
    });
    builder
      .stream('in', text)
      .map((k, v) => [v, k], { name: 'outer' })
      .filter(
        () => {
          throw new Error('inner');
        },
        { name: 'inner' },
      )
      .to('out', text);
    const { driver } = drive(builder);
    driver.createInputTopic('in', string(), string()).pipeInput('k', 'v', 5);
    expect(seen).toHaveLength(1);
    const [message, context] = seen[0]!;
    expect(message).toBe('inner');
    expect(context).toMatchObject({ node: 'inner', topic: 'in', partition: 0, offset: 0, timestamp: 5, taskId: '0_0' });
    expect([context.rawKey?.toString(), context.rawValue?.toString()]).toEqual(['k', 'v']); // of the source record
  });

  it('a handler that throws is a failure', () => {
    const builder = new StreamsBuilder({
      processingExceptionHandler: () => {
        throw new Error('handler broke');
      },
    });
    builder.stream('in', text).foreach(() => {
      throw new Error('x');
    });
    const { driver } = drive(builder);
    expect(() => driver.createInputTopic('in', string(), string()).pipeInput('k', 'v')).toThrow(/handler threw: handler broke/);
  });

  it.each([true, false])('an aggregator that throws half way leaves the aggregate as it was (caching: %s)', (caching) => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .groupByKey()
      .aggregate<string[]>(
        () => [],
        (_k, v, list) => {
          list.push(v);
          if (v === 'bad') throw new Error('half way');
          return list;
        },
        { as: 'lists', valueSerde: json<string[]>(), caching },
      )
      .toStream()
      .to('out', { keySerde: string(), valueSerde: json<string[]>() });
    const { driver } = drive(builder, { processingExceptionHandler: 'continue' });
    driver.createInputTopic('in', string(), string()).pipeKeyValueList(
      [
        ['k', 'a'],
        ['k', 'bad'],
        ['k', 'b'],
      ],
      0,
      1,
    );
    expect(driver.getKeyValueStore('lists').get('k')).toEqual(['a', 'b']);
    expect(driver.createOutputTopic('out', string(), json<string[]>()).readValuesToList()).toEqual([['a'], ['a', 'b']]);
  });

  it('errors below a cache are reported by their node, with the record that last touched the update', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .groupByKey()
      .count()
      .toStream()
      .foreach(
        () => {
          throw new Error('late');
        },
        { name: 'end' },
      );
    const { driver } = drive(builder);
    expect(() => driver.createInputTopic('in', string(), string()).pipeInput('k', 'v')).toThrow(
      /Node "end" of task 0_0 failed on record in-0@0: late/,
    );
  });
});

describe('deserialization exception handler', () => {
  const reading = () => {
    const builder = new StreamsBuilder();
    const stream = builder.stream('in', object);
    stream.filter((_k, v) => v.n > 0, { name: 'reads' }).to('out', object);
    stream.to('later', object);
    return builder;
  };

  it('fail names the source and the record, and not the operator that read it', () => {
    const { driver } = drive(reading());
    expect(() => driver.createInputTopic('in', string(), string()).pipeInput('k', '{broken')).toThrow(
      expect.objectContaining({
        code: 'DESERIALIZATION_FAILED',
        message: expect.stringMatching(/^Node "KSTREAM-SOURCE-0000000000" of task 0_0 could not read record in-0@0: Serde json/),
      }),
    );
  });

  it('continue drops the whole record, also for branches that would not have read it', () => {
    let processingErrors = 0;
    const builder = reading();
    builder.stream('other', text).foreach(() => void processingErrors++);
    const { driver, read } = drive(builder, { deserializationExceptionHandler: 'continue', processingExceptionHandler: 'fail' });
    const input = driver.createInputTopic('in', string(), string());
    input.pipeKeyValueList(
      [
        ['k', '{broken'],
        ['k', '{"n":1}'],
      ],
      0,
      1,
    );
    expect(read('out')).toEqual(['{"n":1}']);
    expect(read('later')).toEqual(['{"n":1}']);
    expect(driver.droppedRecords().deserialization).toBe(1);
    expect(processingErrors).toBe(0);
  });

  it('dead-letter keeps the bytes that could not be read', () => {
    const { driver, read } = drive(reading(), { deserializationExceptionHandler: 'dead-letter', deadLetterTopic: 'dlq' });
    driver.createInputTopic('in', string(), string()).pipeInput('k', '{broken');
    expect(read('dlq')).toEqual(['{broken']);
  });

  it('an extractor that throws, or gives no number, is a matter of this handler', () => {
    const builder = new StreamsBuilder();
    builder.stream('in', { ...object, timestampExtractor: (record) => record.value!.n }).to('out', object);
    const { driver, read } = drive(builder, { deserializationExceptionHandler: 'continue' });
    const input = driver.createInputTopic('in', string(), string());
    input.pipeKeyValueList(
      [
        ['k', '{broken'],
        ['k', '{"n":"x"}'],
        ['k', '{"n":7}'],
      ],
      0,
      1,
    );
    expect(read('out')).toEqual(['{"n":7}']);
    expect(driver.droppedRecords().deserialization).toBe(2);
  });
});

describe('production exception handler', () => {
  const writing = () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .mapValues((v) => (v === 'bad' ? (undefined as never) : v === 'text' ? v : 5))
      .to('out', { keySerde: string(), valueSerde: int64() as never });
    return builder;
  };

  it('fail names the sink', () => {
    const { driver } = drive(writing());
    expect(() => driver.createInputTopic('in', string(), string()).pipeInput('k', 'text')).toThrow(
      expect.objectContaining({
        code: 'PRODUCTION_FAILED',
        message: expect.stringMatching(/^Node "KSTREAM-SINK-0000000002".*could not write the output of record in-0@0: Serde int64/),
      }),
    );
  });

  it('continue leaves the record out, and the batch as it was', () => {
    const { driver } = drive(writing(), { productionExceptionHandler: 'continue' });
    driver.createInputTopic('in', string(), string()).pipeKeyValueList(
      [
        ['k', 'a'],
        ['k', 'text'],
        ['k', 'b'],
      ],
      0,
      1,
    );
    expect(driver.createOutputTopic('out', string(), int64()).readValuesToList()).toEqual([5, 5]);
  });

  it('a record that is too large for any request goes there too', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .mapValues((v) => v.repeat(1000))
      .to('out', text);
    const { driver, read } = drive(builder, { productionExceptionHandler: 'dead-letter', deadLetterTopic: 'dlq', maxRequestBytes: 2_000 });
    driver.createInputTopic('in', string(), string()).pipeKeyValueList(
      [
        ['k', 'a'],
        ['k', 'abc'],
        ['k', 'b'],
      ],
      0,
      1,
    );
    expect(read('out')).toEqual(['a'.repeat(1000), 'b'.repeat(1000)]);
    const letter = driver.createOutputTopic('dlq', string(), string()).readRecord();
    expect(letter.value).toBe('abc');
    expect(letter.headers.find(([name]) => name.endsWith('message'))![1]!.toString()).toMatch(/over the limit of 2000/);
  });
});
