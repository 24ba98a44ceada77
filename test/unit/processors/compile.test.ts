import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../../src/dsl/index.ts';
import { compile } from '../../../src/processors/compile.ts';
import { string } from '../../../src/serde/index.ts';
import { TopologyTestDriver } from '../../../src/testing/index.ts';

const text = { keySerde: string(), valueSerde: string() };

describe('compiled code', () => {
  it('sees the values that it was given, and nothing of where it is made', () => {
    const add = compile<(x: number) => number>('add', { by: 2 }, 'return (x) => x + by;');
    expect(add(40)).toBe(42);
    expect(() => compile<() => unknown>('outside', {}, 'return () => compile;')()).toThrow(ReferenceError);
  });

  it('runs where code generation from strings is forbidden', () => {
    const script = `
      import { StreamsBuilder, Serdes } from './src/index.ts';
      import { TopologyTestDriver } from './src/testing/index.ts';
      try { new Function('return 1'); process.exit(3); } catch {}
      const text = { keySerde: Serdes.String(), valueSerde: Serdes.String() };
      const builder = new StreamsBuilder();
      builder.stream('in', text).filter((key) => key !== 'x').mapValues((value) => value + '!').to('out', text);
      const driver = new TopologyTestDriver(builder);
      driver.createInputTopic('in', Serdes.String(), Serdes.String()).pipeInput('k', 'v');
      process.stdout.write(JSON.stringify(driver.createOutputTopic('out', Serdes.String(), Serdes.String()).readKeyValuesToList()));
      driver.close();`;
    const flags = ['--disallow-code-generation-from-strings', '--import', 'tsx', '--input-type=module', '--eval', script];
    expect(execFileSync(process.execPath, flags, { encoding: 'utf8' })).toBe('[["k","v!"]]');
  });

  it('keeps two topologies apart that have the same names and other functions', () => {
    const run = (suffix: string): unknown => {
      const builder = new StreamsBuilder();
      builder
        .stream('in', text)
        .filter(() => true)
        .mapValues((value) => `${value}${suffix}`)
        .to('out', text);
      const driver = new TopologyTestDriver(builder);
      driver.createInputTopic('in', string(), string()).pipeInput('k', 'v');
      const read = driver.createOutputTopic('out', string(), string()).readValue();
      driver.close();
      return read;
    };
    expect([run('1'), run('2')]).toEqual(['v1', 'v2']);
  });
});
