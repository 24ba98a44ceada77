import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.*;
import java.util.function.*;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.api.*;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.*;

/** Writes what Kafka Streams prints for each topology of golden-topologies.ts. See README.md. */
public class GoldenTopologies {
  static final int RANDOM_GRAPHS = 40;

  static final ProcessorSupplier<String, String, String, String> PASS = () -> new ContextualProcessor<>() {
    public void process(Record<String, String> record) {
      context().forward(record);
    }
  };
  static final FixedKeyProcessorSupplier<String, String, String> PASS_VALUE = () -> new ContextualFixedKeyProcessor<>() {
    public void process(FixedKeyRecord<String, String> record) {
      context().forward(record);
    }
  };
  static final ProcessorSupplier<String, String, Void, Void> KEEP = () -> new ContextualProcessor<>() {
    public void process(Record<String, String> record) {}
  };

  static final Map<String, Supplier<Topology>> topologies = new LinkedHashMap<>();

  static StoreBuilder<?> store(String name) {
    return Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), Serdes.String(), Serdes.String());
  }

  static void dsl(String name, Consumer<StreamsBuilder> define) {
    topologies.put(name, () -> {
      StreamsBuilder builder = new StreamsBuilder();
      define.accept(builder);
      return builder.build();
    });
  }

  static KStream<String, String> stream(StreamsBuilder builder, String topic) {
    return builder.stream(topic);
  }

  public static void main(String[] arguments) throws Exception {
    defineDsl();
    defineLowLevel();
    Path directory = Files.createDirectories(Path.of(arguments[0]));
    for (var entry : topologies.entrySet()) {
      Files.writeString(directory.resolve(entry.getKey() + ".txt"), entry.getValue().get().describe().toString());
    }
    StringBuilder random = new StringBuilder();
    for (int seed = 1; seed <= RANDOM_GRAPHS; seed++) {
      random.append("=== ").append(seed).append('\n').append(random(seed).describe());
    }
    Files.writeString(directory.resolve("random.txt"), random);
  }

  static void defineDsl() {
    dsl("select-key-count", b -> stream(b, "in").selectKey((k,v)->v).groupByKey().count().toStream().to("out"));
    dsl("word-count", b ->
        stream(b, "lines").flatMapValues(v -> Arrays.asList(v.split(" "))).groupBy((k,v)->v)
            .count(Materialized.as("counts")).toStream().to("counts-out"));
    dsl("stateless", b -> {
      KStream<String,String> x = stream(b, "in").filter((k,v)->true).filterNot((k,v)->false)
          .map((k,v)->new KeyValue<>(k,v)).mapValues(v->v).flatMap((k,v)->new ArrayList<KeyValue<String,String>>())
          .flatMapValues(v->new ArrayList<String>()).selectKey((k,v)->k).peek((k,v)->{});
      x.foreach((k,v)->{});
      x.print(Printed.toSysOut());
      x.to("out");
    });
    dsl("named-operators", b -> {
      KStream<String,String> x = b.<String,String>stream("in", Consumed.as("source"))
          .filter((k,v)->true, Named.as("keep")).mapValues(v->v);
      x.selectKey((k,v)->k, Named.as("rekey")).to("out", Produced.as("sink"));
      x.peek((k,v)->{});
    });
    dsl("grouped-name", b ->
        stream(b, "in").groupBy((k,v)->v, Grouped.as("by-value")).count(Named.as("counter"), Materialized.as("store"))
            .toStream().to("out"));
    dsl("shared-grouped", b -> {
      KGroupedStream<String,String> g = stream(b, "in").selectKey((k,v)->v).groupByKey(Grouped.as("shared"));
      g.count().toStream().to("counts");
      g.reduce((x,y)->y).toStream().to("last");
    });
    dsl("unshared-grouped", b -> {
      KGroupedStream<String,String> g = stream(b, "in").selectKey((k,v)->v).groupByKey();
      g.count().toStream().to("counts");
      g.reduce((x,y)->y).toStream().to("last");
    });
    dsl("count-materialized-unnamed", b ->
        stream(b, "in").groupByKey().count(Materialized.with(Serdes.String(), Serdes.Long())).toStream().to("out"));
    dsl("aggregate-unnamed", b ->
        stream(b, "in").groupByKey()
            .aggregate(() -> "", (k,v,x)->x, Materialized.with(Serdes.String(), Serdes.String())).toStream()
            .to("out"));
    dsl("windowed-count", b ->
        stream(b, "in").groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1))).count()
            .toStream()
            .to("out", Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 60000), Serdes.Long())));
    dsl("windowed-materialized-rekeyed", b ->
        stream(b, "in").map((k,v)->new KeyValue<>(v,k)).groupByKey()
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofSeconds(5)).advanceBy(Duration.ofSeconds(10)))
            .count(Materialized.<String,Long,WindowStore<Bytes,byte[]>>with(Serdes.String(), Serdes.Long()).withRetention(Duration.ofHours(1)))
            .toStream((k,v)->k.key()).to("out"));
    dsl("windowed-reduce-aggregate", b -> {
      TimeWindowedKStream<String,String> w = stream(b, "in").groupBy((k,v)->v)
          .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1)));
      w.reduce((x,y)->y).toStream().to("r");
      w.aggregate(()->"", (k,v,x)->x, Named.as("agg"), Materialized.as("agg-store")).toStream().to("a");
    });
    dsl("table-unmaterialized", b -> b.<String,String>table("t").toStream().to("out"));
    dsl("table-named", b ->
        b.<String,String>table("t", Consumed.as("users"), Materialized.as("users-store")).filter((k,v)->true)
            .mapValues(v->v).toStream().to("out"));
    dsl("table-views", b -> {
      KTable<String,String> t = b.table("t");
      KTable<String,String> f = t.filter((k,v)->true, Materialized.with(Serdes.String(), Serdes.String()));
      KTable<String,Integer> m = f.mapValues(v->v.length(), Materialized.as("lengths"));
      m.filterNot((k,v)->v==0, Named.as("nonzero"), Materialized.as("nonzero-store")).toStream().to("out");
    });
    dsl("stream-table-join", b -> {
      KTable<String,String> t = b.table("t");
      stream(b, "in").join(t, (x,y)->x).to("out");
    });
    dsl("stream-table-join-rekeyed", b -> {
      KTable<String,String> t = b.table("t");
      stream(b, "in").selectKey((k,v)->v).join(t, (x,y)->x).to("out");
    });
    dsl("stream-table-left-join-named", b -> {
      KTable<String,String> t = b.table("t", Materialized.as("t-store"));
      stream(b, "in").map((k,v)->new KeyValue<>(v,v)).leftJoin(t, (x,y)->x, Joined.as("enrich")).to("out");
    });
    dsl("two-joins-one-repartition", b -> {
      KTable<String,String> t = b.table("t");
      KTable<String,String> u = b.table("u");
      KStream<String,String> x = stream(b, "in").selectKey((k,v)->v);
      x.join(t,(p,q)->p).to("o1");
      x.leftJoin(u,(p,q)->p).to("o2");
    });
    JoinWindows near = JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMinutes(1));
    dsl("stream-stream-join", b -> stream(b, "l").join(stream(b, "r"),(p,q)->p,near).to("out"));
    dsl("stream-stream-left-join", b -> stream(b, "l").leftJoin(stream(b, "r"),(p,q)->p,near).to("out"));
    dsl("stream-stream-outer-join", b -> stream(b, "l").outerJoin(stream(b, "r"),(p,q)->p,near).to("out"));
    dsl("stream-stream-join-named", b -> stream(b, "l").join(stream(b, "r"),(p,q)->p,near,StreamJoined.<String,String,String>as("kept").withName("pairs")).to("out"));
    dsl("stream-stream-left-join-named", b -> stream(b, "l").leftJoin(stream(b, "r"),(p,q)->p,near,StreamJoined.<String,String,String>as("kept").withName("pairs")).to("out"));
    dsl("stream-stream-outer-join-named", b -> stream(b, "l").outerJoin(stream(b, "r"),(p,q)->p,near,StreamJoined.<String,String,String>as("kept").withName("pairs")).to("out"));
    dsl("stream-stream-join-named-nodes", b -> stream(b, "l").outerJoin(stream(b, "r"),(p,q)->p,near,StreamJoined.<String,String,String>with(null,null,null).withName("pairs")).to("out"));
    dsl("stream-stream-join-named-store", b -> stream(b, "l").leftJoin(stream(b, "r"),(p,q)->p,near,StreamJoined.<String,String,String>as("kept")).to("out"));
    dsl("stream-stream-join-rekeyed", b ->
        stream(b, "l").selectKey((k,v)->v).outerJoin(stream(b, "r").selectKey((k,v)->v),(p,q)->p,near).groupByKey().count().toStream().to("out"));
    dsl("stream-stream-join-rekeyed-named", b ->
        stream(b, "l").selectKey((k,v)->v).join(stream(b, "r").selectKey((k,v)->v),(p,q)->p,near,StreamJoined.<String,String,String>as("kept").withName("pairs")).to("out"));
    dsl("stream-stream-joins-one-repartition", b -> {
      KStream<String,String> x = stream(b, "l").selectKey((k,v)->v);
      KStream<String,String> y = stream(b, "r");
      KTable<String,String> t = b.table("t");
      x.join(y,(p,q)->p,near).to("o1");
      y.leftJoin(x,(p,q)->p,near).to("o2");
      x.join(t,(p,q)->p).to("o3");
    });
    dsl("stream-stream-self-join", b -> {
      KStream<String,String> x = stream(b, "in");
      x.join(x,(p,q)->p,near).to("out");
    });
    dsl("stream-stream-join-chain", b -> {
      KStream<String,String> x = stream(b, "a");
      KStream<String,String> y = stream(b, "b");
      x.leftJoin(y,(p,q)->p,near).outerJoin(stream(b, "c"),(p,q)->p,near).selectKey((k,v)->v).join(y,(p,q)->p,near).to("out");
    });
    dsl("join-with-view", b -> {
      KTable<String,String> t = b.<String,String>table("t").filter((k,v)->true).mapValues(v->v);
      stream(b, "in").join(t,(p,q)->p).to("out");
    });
    dsl("join-with-aggregate", b -> {
      KTable<String,Long> c = stream(b, "clicks").groupByKey().count();
      stream(b, "in").join(c,(p,q)->p).to("out");
    });
    dsl("join-with-aggregate-view", b -> {
      KTable<String,Long> c = stream(b, "clicks").groupByKey().count().filter((k,v)->v>1);
      stream(b, "in").leftJoin(c,(p,q)->p).to("out");
    });
    dsl("global-table-join", b -> {
      GlobalKTable<String,String> g = b.globalTable("regions");
      stream(b, "in").join(g, (k,v)->v, (p,q)->p).to("o1");
      stream(b, "other").leftJoin(g, (k,v)->v, (p,q)->p).to("o2");
    });
    dsl("global-table-named", b -> {
      stream(b, "first").to("out");
      GlobalKTable<String,String> g = b.globalTable("regions", Consumed.as("reg"), Materialized.as("regions-store"));
      stream(b, "in").selectKey((k,v)->v).join(g, (k,v)->v, (p,q)->p, Named.as("with-region")).groupByKey().count()
          .toStream().to("o1");
    });
    dsl("global-store", b -> {
      b.addGlobalStore(store("gs"), "gtopic", Consumed.with(Serdes.String(), Serdes.String()), KEEP);
      stream(b, "in").process(PASS).to("out");
    });
    dsl("merge", b -> {
      KStream<String,String> x = stream(b, "a");
      KStream<String,String> y = stream(b, "b").selectKey((k,v)->v);
      x.merge(y).groupByKey().count().toStream().to("out");
    });
    dsl("diamond", b -> {
      KStream<String,String> x = stream(b, "a");
      x.filter((k,v)->true).merge(x.mapValues(v->v)).merge(x.filterNot((k,v)->false)).to("out");
    });
    dsl("split", b -> {
      Map<String,KStream<String,String>> m = stream(b, "in").split().branch((k,v)->true).branch((k,v)->false)
          .defaultBranch();
      for (String k : new TreeSet<>(m.keySet())) m.get(k).to("out-" + k.charAt(k.length()-1));
    });
    dsl("split-named", b -> {
      Map<String,KStream<String,String>> m = stream(b, "in").split(Named.as("kind-"))
          .branch((k,v)->true, Branched.as("a"))
          .branch((k,v)->false, Branched.withConsumer(x -> x.mapValues(v->v).to("consumed")))
          .branch((k,v)->false, Branched.withFunction(x -> x.filter((k,v)->true), "f")).noDefaultBranch();
      m.get("kind-a").to("out-a");
      m.get("kind-f").to("out-f");
    });
    dsl("repartition", b ->
        stream(b, "in").repartition().mapValues(v->v)
            .repartition(Repartitioned.<String,String>as("again").withNumberOfPartitions(5)).groupByKey().count()
            .toStream().to("out"));
    dsl("to-table", b -> stream(b, "in").toTable().toStream().to("out"));
    dsl("to-table-rekeyed", b -> {
      KTable<String,String> t = stream(b, "in").selectKey((k,v)->v).toTable(Materialized.as("tbl"));
      stream(b, "other").join(t,(p,q)->p).to("out");
    });
    dsl("to-table-rekeyed-named", b ->
        stream(b, "in").selectKey((k,v)->v).toTable(Named.as("as-table")).toStream().to("out"));
    dsl("process-stores", b -> {
      b.addStateStore(store("one"));
      b.addStateStore(store("two"));
      stream(b, "a").process(PASS, "one").to("oa");
      stream(b, "b").process(PASS, Named.as("proc"), "two", "one").groupByKey().count().toStream().to("ob");
    });
    dsl("process-values", b -> {
      b.addStateStore(store("one"));
      stream(b, "a").processValues(PASS_VALUE, "one").groupByKey().count().toStream().to("oa");
    });
    dsl("same-topic-twice", b -> {
      stream(b, "in").filter((k,v)->true).to("x");
      stream(b, "in").mapValues(v->v).to("y");
      b.stream(Arrays.asList("p","q")).to("z");
      b.stream(Arrays.asList("q","p")).to("w");
    });
    dsl("many-topics", b -> b.stream(Arrays.asList("orders","payments","shipments","returns","invoices")).to("all"));
    dsl("chained-repartitions", b ->
        stream(b, "in").groupBy((k,v)->v).count().toStream().map((k,v)->new KeyValue<>(v.toString(),k)).groupByKey()
            .reduce((x,y)->y).toStream().selectKey((k,v)->v).groupByKey().count().toStream().to("out"));
    dsl("fan-out", b -> {
      KStream<String,String> x = stream(b, "in");
      x.to("direct");
      x.filter((k,v)->true).mapValues(v->v).to("long");
      KStream<String,String> y = x.peek((k,v)->{});
      y.to("y1");
      y.mapValues(v->v).to("y2");
      y.filter((k,v)->true).mapValues(v->v).peek((k,v)->{}).to("y3");
      y.flatMapValues(v->List.of(v)).filter((k,v)->true).to("y4");
      y.selectKey((k,v)->v).groupByKey().count().toStream().to("y5");
    });
    dsl("windowed-table-rekeyed", b ->
        stream(b, "in").groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMinutes(1))).count()
            .toStream().map((w,c)->new KeyValue<>(w.key(), c)).groupByKey().reduce(Long::sum).toStream().to("out"));
    dsl("null-key-relaxed", b -> {
      KTable<String,String> t = b.table("t");
      stream(b, "in").selectKey((k,v)->v).repartition().leftJoin(t,(p,q)->p).to("out");
    });
    dsl("flights", b -> {
      KTable<String,String> planes = b.table("planes", Materialized.as("planes"));
      GlobalKTable<String,String> airports = b.globalTable("airports");
      KStream<String,String> f = stream(b, "flights").filter((k,v)->v!=null);
      f.selectKey((k,v)->v).join(planes,(x,y)->x).leftJoin(airports,(k,v)->v,(x,y)->x)
          .groupBy((k,v)->v, Grouped.as("by-airport"))
          .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofHours(1), Duration.ofMinutes(10)))
          .count(Materialized.as("hourly")).toStream().to("hourly-out");
      f.groupByKey().count().toStream().to("per-key");
    });
  }

  static void defineLowLevel() {
    topologies.put("papi", () -> {
      Topology t = new Topology();
      t.addSource("src", "in");
      t.addProcessor("p1", PASS, "src");
      t.addProcessor("p2", PASS, "p1", "src");
      t.addStateStore(store("beta"), "p1", "p2");
      t.addStateStore(store("alpha"), "p2");
      t.addStateStore(store("gamma"), "p2");
      t.addSink("snk", "out", "p1", "p2");
      t.addSource("src2", "in2", "in3");
      t.addProcessor("p3", PASS, "src2");
      t.addSink("snk2", "out2", "p3");
      return t;
    });
    topologies.put("papi-shared-store", () -> {
      Topology t = new Topology();
      t.addSource("a", "ta");
      t.addSource("b", "tb");
      t.addSource("c", "tc");
      t.addProcessor("pa", PASS, "a");
      t.addProcessor("pb", PASS, "b");
      t.addProcessor("pc", PASS, "c");
      t.addStateStore(store("s"), "pa", "pc");
      t.addSink("sa", "o", "pa");
      return t;
    });
    topologies.put("papi-global", () -> {
      Topology t = new Topology();
      t.addSource("a", "ta");
      t.addProcessor("pa", PASS, "a");
      t.addGlobalStore(store("g").withLoggingDisabled(), "gsrc", Serdes.String().deserializer(), Serdes.String().deserializer(), "gt", "gproc", KEEP);
      t.addSource("b", "tb");
      t.addSink("sb", "ob", "b");
      return t;
    });
  }

  /** A random graph. The generator is simple enough to be the same in TypeScript. */
  static Topology random(int seed) {
    state = seed * 7919L;
    String[] words = {"alpha", "beta", "gamma", "delta", "eps", "zeta", "eta", "theta"};
    Topology topology = new Topology();
    List<String> parents = new ArrayList<>();
    int count = 4 + next(24);
    for (int index = 0; index < count; index++) {
      String name = words[next(8)] + "-" + index;
      int kind = parents.isEmpty() ? 0 : next(10);
      if (kind == 0) {
        topology.addSource(name, "t" + index);
        parents.add(name);
        continue;
      }
      int wanted = Math.min(1 + next(3), parents.size());
      Set<String> chosen = new LinkedHashSet<>();
      for (int parent = 0; parent < wanted; parent++) chosen.add(parents.get(next(parents.size())));
      String[] chosenNames = chosen.toArray(new String[0]);
      if (kind >= 8) {
        topology.addSink(name, "out" + index, chosenNames);
        continue;
      }
      topology.addProcessor(name, PASS, chosenNames);
      parents.add(name);
      if (next(4) != 0) continue;
      for (int round = 0; round < 1 + next(3); round++) {
        topology.addStateStore(store(words[next(8)] + "-store-" + index + "-" + round), name);
      }
    }
    return topology;
  }

  static long state;

  static int next(int bound) {
    state = (state * 1103515245L + 12345L) % 2147483648L;
    return (int) ((state >> 8) % bound);
  }
}
