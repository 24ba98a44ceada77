import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../../src/dsl/index.ts';
import { json, string } from '../../../src/serde/index.ts';
import { GlobalStoreUpdater } from '../../../src/task/global-store-updater.ts';
import { batch } from './task-fixture.ts';

function updater(handlers?: ConstructorParameters<typeof GlobalStoreUpdater>[3]) {
  const builder = new StreamsBuilder();
  const table = builder.globalTable('rows', { keySerde: string(), valueSerde: json<{ n: number }>(), as: 'rows' });
  builder.stream('in', { keySerde: string(), valueSerde: string() }).join(
    table,
    (k) => k,
    (v) => v,
  );
  return new GlobalStoreUpdater(builder.build().plan(), 'app', () => {}, handlers);
}

describe('GlobalStoreUpdater', () => {
  it('applies batches of all partitions, tombstones and null keys included, wherever they begin', () => {
    const globals = updater();
    expect(globals.update('rows', 0, batch(5, [1, 'a', '{"n":1}'], [2, 'b', '{"n":2}'], [3, null, '{"n":3}']))).toBe(3);
    expect(globals.update('rows', 4, batch(0, [1, 'c', '{"n":4}']))).toBe(1);
    expect(globals.update('rows', 0, batch(8, [4, 'a', null]))).toBe(1);
    const { view } = globals.stores.get('rows')! as { view: { get(key: string): unknown } };
    expect([view.get('a'), view.get('b'), view.get('c')]).toMatchObject([null, { value: { n: 2 }, timestamp: 2 }, { value: { n: 4 } }]);
    globals.close();
  });

  it('fails on what it cannot read, naming record and source; a handler may let it go on', () => {
    const broken = batch(7, [1, 'a', '{broken'], [2, 'b', '{"n":2}']);
    expect(() => updater().update('rows', 3, broken)).toThrow(
      expect.objectContaining({ code: 'DESERIALIZATION_FAILED', message: expect.stringContaining('rows-3@7') }),
    );
    const lenient = updater({ deserialization: () => 'continue', processing: () => 'fail', production: () => 'fail' });
    lenient.update('rows', 3, broken);
    expect(lenient.stores.get('rows')!.table.approximateNumEntries()).toBe(1);
  });

  it('adds what it drops to the counters it is given', () => {
    const builder = new StreamsBuilder();
    builder.globalTable('rows', { keySerde: string(), valueSerde: string(), as: 'rows' });
    const counters = { recordsProcessed: 0, recordsDropped: 2, recordsOut: 0, deadLetters: 0 };
    const globals = new GlobalStoreUpdater(builder.build().plan(), 'app', () => {}, undefined, counters);
    globals.update('rows', 0, batch(0, [1, 'a', 'x'], [2, null, 'y']));
    expect(counters).toEqual({ recordsProcessed: 0, recordsDropped: 3, recordsOut: 0, deadLetters: 0 });
  });

  it('refuses stores it does not have', () => {
    expect(() => updater().update('none', 0, batch(0, [1, 'a', null]))).toThrow(/no global store "none"/);
  });
});
