import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GlobalTables } from '../../../src/coordinator/global-tables.ts';
import { Serdes, StreamsBuilder } from '../../../src/index.ts';
import { RecordBatchBuilder, RecordCursor } from '../../../src/protocol/index.ts';
import type { ToShard } from '../../../src/shard/messages.ts';
import { FakeCluster } from '../../simulation/fake-cluster.ts';
import { FakeTransport } from '../../simulation/fake-transport.ts';

const PARTITIONS = 2;
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

function plan(withTable = true) {
  const builder = new StreamsBuilder();
  const string = { keySerde: Serdes.String(), valueSerde: Serdes.String() };
  if (withTable) builder.globalTable<string, string>('rows', string);
  builder.stream<string, string>('in', string).to('out', string);
  return builder.build().plan();
}

class Bench {
  readonly cluster = new FakeCluster();
  readonly transport = new FakeTransport(this.cluster, undefined);
  /** By shard and partition: the numbers it was sent, in order. */
  readonly rows = new Map<string, number[]>();
  readonly tables: GlobalTables;
  readonly errors: Error[] = [];
  #written = 0;

  constructor(withTable = true) {
    this.cluster.createTopic('rows', PARTITIONS);
    this.tables = new GlobalTables(this.transport, plan(withTable), 'app', new Map([['rows', PARTITIONS]]), {
      post: (shard, message) => this.#take(shard, message),
      taskTimeoutMs: 5_000,
      log: () => {},
      onError: (error) => this.errors.push(error),
    });
  }

  #take(shard: number, message: ToShard): void {
    if (message.type !== 'globalBatch') return;
    const cursor = new RecordCursor(message.bytes);
    const key = `${shard}/${message.partition}`;
    const rows = this.rows.get(key) ?? [];
    this.rows.set(key, rows);
    while (cursor.next()) rows.push(Number(cursor.buffer.toString('utf8', cursor.valueStart, cursor.valueStart + cursor.valueLength)));
  }

  /** Writes the next numbers, as one batch each. */
  write(partition: number, count = 1): void {
    for (let left = count; left > 0; left--) {
      const builder = new RecordBatchBuilder();
      builder.append(0, Buffer.from('k'), Buffer.from(String(this.#written++)));
      this.cluster.append([{ topic: 'rows', partition, recordCount: 1, bytes: builder.build() }]);
    }
  }

  all(shard: number): number[] {
    return [0, 1].flatMap((partition) => this.rows.get(`${shard}/${partition}`) ?? []).sort((a, b) => a - b);
  }

  isInOrder(shard: number): boolean {
    return [0, 1].every((partition) =>
      (this.rows.get(`${shard}/${partition}`) ?? []).every((row, index, rows) => row > (rows[index - 1] ?? -1)),
    );
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('GlobalTables', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });
  afterEach(() => bench.tables.close());

  it('brings every shard up to date, then keeps it so', async () => {
    bench.write(0, 3);
    bench.write(1, 2);
    await bench.tables.bootstrap([0, 1]);
    expect([bench.all(0), bench.all(1)]).toEqual([upTo(5), upTo(5)]);
    bench.write(1, 2);
    while (bench.all(0).length < 7 || bench.all(1).length < 7) await turn();
    expect([bench.all(0), bench.all(1)]).toEqual([upTo(7), upTo(7)]);
  });

  it('a shard that joins later sees every row once and none after a newer one, however much is written meanwhile', async () => {
    bench.write(0, 50);
    await bench.tables.bootstrap([0]);
    let joining = true;
    const joined = bench.tables.bootstrap([1]).finally(() => {
      joining = false;
    });
    let written = 50;
    while (joining) {
      bench.write(written % PARTITIONS);
      written++;
      await turn();
    }
    await joined;
    bench.write(0, 5);
    written += 5;
    while (bench.all(0).length < written || bench.all(1).length < written) await turn();
    for (const shard of [0, 1]) {
      expect(bench.all(shard)).toEqual(upTo(written));
      expect(bench.isInOrder(shard)).toBe(true);
    }
    expect(bench.errors).toEqual([]);
  });

  it('sends nothing to a shard that is gone, until it is brought up again from the start', async () => {
    bench.write(0, 2);
    await bench.tables.bootstrap([0, 1]);
    bench.tables.remove(1);
    bench.write(0);
    while (bench.all(0).length < 3) await turn();
    expect(bench.all(1)).toEqual(upTo(2));
    bench.rows.delete('1/0');
    await bench.tables.bootstrap([1]);
    expect(bench.all(1)).toEqual(upTo(3));
  });

  it('does nothing without global tables', async () => {
    const none = new Bench(false);
    await none.tables.bootstrap([0]);
    await none.tables.close();
    expect(none.transport.openReaders).toBe(0);
  });

  it('retries what may pass', async () => {
    bench.write(0);
    bench.cluster.faults.script('listOffsets', 'timeout');
    await bench.tables.bootstrap([0]);
    expect(bench.all(0)).toEqual([0]);
  });

  it('close ends a bootstrap that gets nowhere', async () => {
    bench.write(0, 2);
    bench.cluster.log({ topic: 'rows', partition: 0 }).read = () => undefined;
    const { admin } = bench.transport;
    const listOffsets = admin.listOffsets.bind(admin);
    admin.listOffsets = async (partitions, at) =>
      (await listOffsets(partitions, at)).map((entry) => ({ ...entry, offset: at === 'latest' ? entry.offset + 10 : entry.offset }));
    const bootstrapping = bench.tables.bootstrap([0]);
    for (let index = 0; index < 10; index++) await turn();
    await bench.tables.close();
    await bootstrapping;
    expect(bench.transport.openReaders).toBe(0);
  });
});
