import { describe, expectTypeOf, it } from 'vitest';
import { type GlobalKTable, JoinWindows, type KStream, type KTable, StreamsBuilder, TimeWindows } from '../../../src/dsl/index.ts';
import { type Serde, Serdes, type Windowed } from '../../../src/serde/index.ts';
import { Stores } from '../../../src/topology/index.ts';

interface Order {
  readonly id: string;
  readonly customer: string;
  readonly total: number;
}

interface Customer {
  readonly name: string;
}

/** Checked by the compiler; running them only shows that the calls are legal. */
describe('types along the chain', () => {
  const builder = new StreamsBuilder({ defaultKeySerde: Serdes.String(), defaultValueSerde: Serdes.Json<unknown>() });
  const orders = builder.stream('orders', { valueSerde: Serdes.Json<Order>() });
  const customers = builder.table('customers', { valueSerde: Serdes.Json<Customer>(), as: 'customers' });
  const regions = builder.globalTable('regions', { keySerde: Serdes.Integer(), valueSerde: Serdes.String() });

  it('come from the serdes, else from the default serdes', () => {
    expectTypeOf(orders).toEqualTypeOf<KStream<string, Order>>();
    expectTypeOf(builder.stream('any')).toEqualTypeOf<KStream<string, unknown>>();
    expectTypeOf(builder.stream<number, Date>('given')).toEqualTypeOf<KStream<number, Date>>();
    expectTypeOf(customers).toEqualTypeOf<KTable<string, Customer>>();
    expectTypeOf(regions).toEqualTypeOf<GlobalKTable<number, string>>();
    expectTypeOf(new StreamsBuilder().stream('untyped')).toEqualTypeOf<KStream<unknown, unknown>>();
  });

  it('follow keys and values', () => {
    expectTypeOf(orders.mapValues((order) => order.total)).toEqualTypeOf<KStream<string, number>>();
    expectTypeOf(orders.map((key, order) => [order.total, key] as const)).toEqualTypeOf<KStream<number, string>>();
    expectTypeOf(orders.map((key, order) => [order.total, key])).toEqualTypeOf<KStream<number, string>>();
    expectTypeOf(orders.selectKey((_key, order) => order.total)).toEqualTypeOf<KStream<number, Order>>();
    expectTypeOf(orders.flatMapValues((order) => [order.id, order.customer])).toEqualTypeOf<KStream<string, string>>();
    expectTypeOf(orders.flatMap((key, order) => [[order.total, key] as const])).toEqualTypeOf<KStream<number, string>>();
    expectTypeOf(orders.merge(builder.stream('other', { valueSerde: Serdes.Long() }))).toEqualTypeOf<KStream<string, Order | number>>();
  });

  it('narrow with a type guard', () => {
    const mixed: KStream<string, string | number> = builder.stream('mixed', {
      valueSerde: Serdes.Json<string | number>(),
    });
    const isText = (_key: string, value: string | number): value is string => typeof value === 'string';
    expectTypeOf(mixed.filter(isText)).toEqualTypeOf<KStream<string, string>>();
    expectTypeOf(mixed.filter(() => true)).toEqualTypeOf<KStream<string, string | number>>();
  });

  it('give a join of streams both values, and null for the side that may have none', () => {
    const refunds = builder.stream('refunds', { valueSerde: Serdes.Long() });
    const within = JoinWindows.ofTimeDifferenceWithNoGrace(1_000);
    const joined = orders.join(
      refunds,
      (order, refund, key) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
        expectTypeOf(refund).toEqualTypeOf<number>();
        expectTypeOf(key).toEqualTypeOf<string>();
        return order.total - refund;
      },
      within,
      { otherValueSerde: Serdes.Long(), storeName: 'refunded' },
    );
    expectTypeOf(joined).toEqualTypeOf<KStream<string, number>>();
    const leftJoined = orders.leftJoin(refunds, (order, refund) => (refund === null ? order.id : refund), within);
    expectTypeOf(leftJoined).toEqualTypeOf<KStream<string, string | number>>();
    orders.leftJoin(
      refunds,
      (order, refund) => {
        expectTypeOf(order).toEqualTypeOf<Order>();
        expectTypeOf(refund).toEqualTypeOf<number | null>();
      },
      within,
    );
    orders.outerJoin(
      refunds,
      (order, refund) => {
        expectTypeOf(order).toEqualTypeOf<Order | null>();
        expectTypeOf(refund).toEqualTypeOf<number | null>();
      },
      within,
    );
  });

  it('give a join the row, a left join the row or null', () => {
    const joined = orders.join(customers, (order, customer, key) => {
      expectTypeOf(order).toEqualTypeOf<Order>();
      expectTypeOf(customer).toEqualTypeOf<Customer>();
      expectTypeOf(key).toEqualTypeOf<string>();
      return customer.name;
    });
    expectTypeOf(joined).toEqualTypeOf<KStream<string, string>>();
    const leftJoined = orders.leftJoin(customers, (_order, customer) => {
      expectTypeOf(customer).toEqualTypeOf<Customer | null>();
      return customer?.name;
    });
    expectTypeOf(leftJoined).toEqualTypeOf<KStream<string, string | undefined>>();
    const withRegion = orders.leftJoin(
      regions,
      (_key, order) => order.total,
      (order, region) => {
        expectTypeOf(region).toEqualTypeOf<string | null>();
        return [order.id, region] as const;
      },
    );
    expectTypeOf(withRegion).toEqualTypeOf<KStream<string, readonly [string, string | null]>>();
    // @ts-expect-error The keys differ: a stream keyed by number cannot be joined with a table keyed by string.
    orders.selectKey((_key, order) => order.total).join(customers, (order) => order);
    const wrongKey = (_key: string, order: Order) => order.id;
    // @ts-expect-error The selected key is not the global table's.
    orders.join(regions, wrongKey, (order) => order);
  });

  it('aggregate', () => {
    const grouped = orders.groupBy((_key, order) => order.customer);
    expectTypeOf(grouped.count()).toEqualTypeOf<KTable<string, number>>();
    expectTypeOf(grouped.reduce((one, other) => (one.total > other.total ? one : other))).toEqualTypeOf<KTable<string, Order>>();
    const totals = grouped.aggregate(
      () => 0,
      (_key, order, sum) => sum + order.total,
      { as: 'totals', valueSerde: Serdes.Double() },
    );
    expectTypeOf(totals).toEqualTypeOf<KTable<string, number>>();
    const windowed = grouped.windowedBy(TimeWindows.ofSizeWithNoGrace(1000)).count();
    expectTypeOf(windowed).toEqualTypeOf<KTable<Windowed<string>, number>>();
    expectTypeOf(windowed.toStream((key) => key.key)).toEqualTypeOf<KStream<string, number>>();
    expectTypeOf(windowed.toStream()).toEqualTypeOf<KStream<Windowed<string>, number>>();
    // @ts-expect-error A count is a number: a string serde cannot store it.
    grouped.count({ valueSerde: Serdes.String() });
  });

  it('know the branches by name', () => {
    const branches = orders
      .split({ name: 'size-' })
      .branch((_key, order) => order.total > 100, { name: 'large' })
      .defaultBranch({ name: 'small' });
    expectTypeOf(branches['size-large']).toEqualTypeOf<KStream<string, Order>>();
    expectTypeOf(branches['size-small']).toEqualTypeOf<KStream<string, Order>>();
    expectTypeOf(branches['size-none']).toEqualTypeOf<KStream<string, Order> | undefined>();
  });

  it('hand typed records to processors', () => {
    const processed = orders.process<number, boolean>(() => ({
      process: (record) => {
        expectTypeOf(record.key).toEqualTypeOf<string>();
        expectTypeOf(record.value).toEqualTypeOf<Order>();
      },
    }));
    expectTypeOf(processed).toEqualTypeOf<KStream<number, boolean>>();
    orders.processValues<boolean>(() => ({
      init: (context) => {
        // @ts-expect-error A record with a key of one's own cannot be forwarded.
        context.forward({ key: 'another', value: true });
      },
      process: (record) => expectTypeOf(record.withValue(true).key).toEqualTypeOf<string>(),
    }));
  });

  it('are checked on sinks and stores', () => {
    orders.to('out', {
      valueSerde: Serdes.Json<Order>(),
      partitioner: (_topic, key, order, partitions) => (key ?? order?.id ?? '').length % partitions,
    });
    orders.to((_key, order) => `orders-${order?.customer}`);
    // @ts-expect-error The stream's values are orders, not strings.
    orders.to('out', { valueSerde: Serdes.String() });
    const store = Stores.keyValue('s', { keySerde: Serdes.String(), valueSerde: Serdes.Json<Order>() });
    expectTypeOf(store.valueSerde).toEqualTypeOf<Serde<Order>>();
  });
});
