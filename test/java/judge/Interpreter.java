package judge;

import static judge.Expressions.evaluate;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.processor.TopicNameExtractor;
import org.apache.kafka.streams.processor.api.*;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.*;

/** The topology of a scenario; test/golden/build-topology.ts in Java. */
@SuppressWarnings({"unchecked", "rawtypes"})
final class Interpreter {
  private final JsonNode scenario;
  private final List<String> trace;
  private final StreamsBuilder builder = new StreamsBuilder();
  private final Map<String, Object> objects = new HashMap<>();

  Interpreter(JsonNode scenario, List<String> trace) {
    this.scenario = scenario;
    this.trace = trace;
  }

  Topology build(Properties properties) {
    for (JsonNode step : scenario.get("steps")) {
      if (step.get("op").asText().equals("addSource")) return lowLevel();
    }
    for (JsonNode step : scenario.get("steps")) {
      Object result = call(step);
      if (result != null && step.has("id")) objects.put(step.get("id").asText(), result);
    }
    return builder.build(properties);
  }

  private Object call(JsonNode step) {
    String op = step.get("op").asText();
    return switch (op) {
      case "stream" -> builder.stream(texts(step.get("topics")), consumed(step, "serdes"));
      case "table" -> {
        Materialized materialized = materialized(step);
        yield materialized == null
            ? builder.table(text(step, "topic"), consumed(step, "serdes"))
            : builder.table(text(step, "topic"), consumed(step, "serdes"), materialized);
      }
      case "globalTable" -> {
        Materialized materialized = materialized(step);
        yield materialized == null
            ? builder.globalTable(text(step, "topic"), consumed(step, "serdes"))
            : builder.globalTable(text(step, "topic"), consumed(step, "serdes"), materialized);
      }
      case "store" -> {
        builder.addStateStore(storeBuilder(step));
        yield null;
      }
      case "addGlobalStore" -> {
        builder.addGlobalStore(storeBuilder(step), text(step, "topic"), consumed(step, "sourceSerdes"), (ProcessorSupplier) supplier(step.get("script")));
        yield null;
      }
      case "filter", "filterNot" -> filter(step, op.equals("filterNot"));
      case "mapValues" -> mapValues(step);
      case "count", "reduce", "aggregate" -> aggregate(step, op);
      case "toStream" -> step.has("fn")
          ? table(step).toStream((k, v) -> keyValue(step.get("fn"), k, v))
          : table(step).toStream();
      case "join", "leftJoin" -> join(step, op.equals("leftJoin"));
      case "streamJoin", "streamLeftJoin", "streamOuterJoin" -> streamJoin(step, op);
      case "split" -> split(step);
      default -> callOnStream(step, op);
    };
  }

  private Object callOnStream(JsonNode step, String op) {
    KStream<Object, Object> stream = objects.get(text(step, "from")) instanceof KStream known ? known : null;
    JsonNode fn = step.path("fn");
    return switch (op) {
      case "map" -> stream.map((k, v) -> new KeyValue<>(keyValue(step.get("key"), k, v), keyValue(step.get("value"), k, v)));
      case "flatMap" -> stream.flatMap((k, v) -> {
        List<KeyValue<Object, Object>> pairs = new ArrayList<>();
        for (Object pair : (List<Object>) keyValue(fn, k, v)) pairs.add(new KeyValue<>(((List<Object>) pair).get(0), ((List<Object>) pair).get(1)));
        return pairs;
      });
      case "flatMapValues" -> stream.flatMapValues((k, v) -> (List<Object>) keyValue(fn, k, v));
      case "selectKey" -> stream.selectKey((k, v) -> keyValue(fn, k, v));
      case "peek" -> stream.peek((k, v) -> trace.add(text(keyValue(fn, k, v))));
      case "foreach" -> {
        stream.foreach((k, v) -> trace.add(text(keyValue(fn, k, v))));
        yield null;
      }
      case "merge" -> stream.merge((KStream<Object, Object>) objects.get(text(step, "with")));
      case "groupBy" -> stream.groupBy((k, v) -> keyValue(fn, k, v), grouped(step));
      case "groupByKey" -> stream.groupByKey(grouped(step));
      case "windowedBy" -> {
        TimeWindows windows = TimeWindows.ofSizeAndGrace(millis(step, "sizeMs"), millis(step, "graceMs"));
        if (step.has("advanceMs")) windows = windows.advanceBy(millis(step, "advanceMs"));
        yield ((KGroupedStream<Object, Object>) objects.get(text(step, "from"))).windowedBy(windows);
      }
      case "toTable" -> {
        Materialized materialized = materialized(step);
        yield materialized == null ? stream.toTable() : stream.toTable(materialized);
      }
      case "repartition" -> {
        Repartitioned<Object, Object> repartitioned = Repartitioned.with(serde(step, "serdes", 0), serde(step, "serdes", 1));
        if (step.has("name")) repartitioned = repartitioned.withName(text(step, "name"));
        if (step.has("partitions")) repartitioned = repartitioned.withNumberOfPartitions(step.get("partitions").asInt());
        yield stream.repartition(repartitioned);
      }
      case "process" -> stream.process(supplier(step.get("script")), texts(step.path("stores")).toArray(new String[0]));
      case "processValues" -> stream.processValues(fixedKeySupplier(step.get("script")), texts(step.path("stores")).toArray(new String[0]));
      case "to" -> {
        Produced<Object, Object> produced = Produced.with(serde(step, "serdes", 0), serde(step, "serdes", 1));
        if (step.has("name")) produced = produced.withName(text(step, "name"));
        if (step.get("topic").isTextual()) stream.to(text(step, "topic"), produced);
        else stream.to(extractor(step.get("topic")), produced);
        yield null;
      }
      default -> throw new IllegalArgumentException("No step " + op);
    };
  }

  private Object filter(JsonNode step, boolean not) {
    Predicate<Object, Object> predicate = (k, v) -> Boolean.TRUE.equals(keyValue(step.get("fn"), k, v));
    if (objects.get(text(step, "from")) instanceof KStream stream) return not ? stream.filterNot(predicate) : stream.filter(predicate);
    Materialized materialized = materialized(step);
    KTable table = table(step);
    if (materialized == null) return not ? table.filterNot(predicate) : table.filter(predicate);
    return not ? table.filterNot(predicate, materialized) : table.filter(predicate, materialized);
  }

  private Object mapValues(JsonNode step) {
    ValueMapperWithKey<Object, Object, Object> mapper = (k, v) -> keyValue(step.get("fn"), k, v);
    if (objects.get(text(step, "from")) instanceof KStream stream) return stream.mapValues(mapper);
    Materialized materialized = materialized(step);
    return materialized == null ? table(step).mapValues(mapper) : ((KTable) table(step)).mapValues(mapper, materialized);
  }

  private Object aggregate(JsonNode step, String op) {
    Materialized materialized = materialized(step);
    Object grouped = objects.get(text(step, "from"));
    Reducer<Object> reducer = (aggregate, value) -> evaluate(step.get("fn"), Environment.of("agg", aggregate, "v", value));
    Initializer<Object> initializer = () -> evaluate(step.get("init"), Map.of());
    Aggregator<Object, Object, Object> aggregator = (k, v, aggregate) -> evaluate(step.get("fn"), Environment.of("k", k, "v", v, "agg", aggregate));
    if (grouped instanceof TimeWindowedKStream stream) {
      return switch (op) {
        case "count" -> materialized == null ? stream.count() : stream.count(materialized);
        case "reduce" -> materialized == null ? stream.reduce(reducer) : stream.reduce(reducer, materialized);
        default -> materialized == null ? stream.aggregate(initializer, aggregator) : stream.aggregate(initializer, aggregator, materialized);
      };
    }
    KGroupedStream stream = (KGroupedStream) grouped;
    return switch (op) {
      case "count" -> materialized == null ? stream.count() : stream.count(materialized);
      case "reduce" -> materialized == null ? stream.reduce(reducer) : stream.reduce(reducer, materialized);
      default -> materialized == null ? stream.aggregate(initializer, aggregator) : stream.aggregate(initializer, aggregator, materialized);
    };
  }

  private Object join(JsonNode step, boolean left) {
    KStream<Object, Object> stream = (KStream<Object, Object>) objects.get(text(step, "from"));
    Object other = objects.get(text(step, "with"));
    ValueJoinerWithKey<Object, Object, Object, Object> joiner =
        (k, v, tableValue) -> evaluate(step.get("fn"), Environment.of("v", v, "tv", tableValue, "k", k));
    if (other instanceof GlobalKTable table) {
      KeyValueMapper<Object, Object, Object> selector = (k, v) -> keyValue(step.get("key"), k, v);
      return left ? stream.leftJoin(table, selector, joiner) : stream.join(table, selector, joiner);
    }
    KTable<Object, Object> table = (KTable<Object, Object>) other;
    if (!step.has("serdes")) return left ? stream.leftJoin(table, joiner) : stream.join(table, joiner);
    Joined<Object, Object, Object> joined = Joined.with(serde(step, "serdes", 0), serde(step, "serdes", 1), null);
    return left ? stream.leftJoin(table, joiner, joined) : stream.join(table, joiner, joined);
  }

  private Object streamJoin(JsonNode step, String op) {
    KStream<Object, Object> stream = (KStream<Object, Object>) objects.get(text(step, "from"));
    KStream<Object, Object> other = (KStream<Object, Object>) objects.get(text(step, "with"));
    ValueJoinerWithKey<Object, Object, Object, Object> joiner =
        (k, v, otherValue) -> evaluate(step.get("fn"), Environment.of("v", v, "tv", otherValue, "k", k));
    JsonNode times = step.get("windows");
    Duration before = millis(times, "beforeMs");
    Duration after = millis(times, "afterMs");
    Duration widest = before.abs().compareTo(after.abs()) > 0 ? before.abs() : after.abs();
    JoinWindows windows = JoinWindows.ofTimeDifferenceAndGrace(widest, millis(times, "graceMs")).before(before).after(after);
    StreamJoined<Object, Object, Object> joined =
        StreamJoined.with(serde(step, "serdes", 0), serde(step, "serdes", 1), serde(step, "serdes", 2));
    if (step.has("name")) joined = joined.withName(text(step, "name"));
    if (step.has("storeName")) joined = joined.withStoreName(text(step, "storeName"));
    return switch (op) {
      case "streamJoin" -> stream.join(other, joiner, windows, joined);
      case "streamLeftJoin" -> stream.leftJoin(other, joiner, windows, joined);
      default -> stream.outerJoin(other, joiner, windows, joined);
    };
  }

  private Object split(JsonNode step) {
    BranchedKStream<Object, Object> split = ((KStream<Object, Object>) objects.get(text(step, "from"))).split();
    for (JsonNode branch : step.get("branches")) {
      split = split.branch((k, v) -> Boolean.TRUE.equals(keyValue(branch.get("fn"), k, v)), keep(branch.get("id").asText()));
    }
    if (step.has("default")) split.defaultBranch(keep(text(step, "default")));
    else split.noDefaultBranch();
    return null;
  }

  private Branched<Object, Object> keep(String id) {
    return Branched.withConsumer(branch -> objects.put(id, branch));
  }

  private Topology lowLevel() {
    Topology topology = new Topology();
    for (JsonNode step : scenario.get("steps")) {
      switch (step.get("op").asText()) {
        case "addSource" -> topology.addSource((Topology.AutoOffsetReset) null, text(step, "name"),
            step.has("timestamp") ? timestampExtractor(step.get("timestamp")) : null,
            serde(step, "serdes", 0).deserializer(), serde(step, "serdes", 1).deserializer(), texts(step.get("topics")).toArray(new String[0]));
        case "addProcessor" -> topology.addProcessor(text(step, "name"), supplier(step.get("script")), texts(step.get("parents")).toArray(new String[0]));
        case "addSink" -> {
          String[] parents = texts(step.get("parents")).toArray(new String[0]);
          var keys = serde(step, "serdes", 0).serializer();
          var values = serde(step, "serdes", 1).serializer();
          if (step.get("topic").isTextual()) topology.addSink(text(step, "name"), text(step, "topic"), keys, values, parents);
          else topology.addSink(text(step, "name"), extractor(step.get("topic")), keys, values, parents);
        }
        case "store" -> topology.addStateStore(storeBuilder(step), texts(step.path("processors")).toArray(new String[0]));
        default -> throw new IllegalArgumentException("Step " + step.get("op") + " is no part of the low-level API");
      }
    }
    return topology;
  }

  private ProcessorSupplier<Object, Object, Object, Object> supplier(JsonNode script) {
    return () -> new Processor<>() {
      private final ScriptRunner runner = new ScriptRunner(script, trace);

      @Override
      public void init(ProcessorContext<Object, Object> context) {
        runner.init(context, (key, value, timestamp, headers, child) -> {
          Record<Object, Object> record = new Record<>(key, value, timestamp, headers);
          if (child == null) context.forward(record);
          else context.forward(record, child);
        });
      }

      @Override
      public void process(Record<Object, Object> record) {
        runner.process(record.key(), record.value(), record.timestamp(), record.headers());
      }
    };
  }

  private FixedKeyProcessorSupplier<Object, Object, Object> fixedKeySupplier(JsonNode script) {
    return () -> new FixedKeyProcessor<>() {
      private final ScriptRunner runner = new ScriptRunner(script, trace);
      private FixedKeyRecord<Object, Object> current;

      @Override
      public void init(FixedKeyProcessorContext<Object, Object> context) {
        runner.init(context, (key, value, timestamp, headers, child) -> {
          FixedKeyRecord<Object, Object> record = current.withValue(value).withTimestamp(timestamp).withHeaders(headers);
          if (child == null) context.forward(record);
          else context.forward(record, child);
        });
      }

      @Override
      public void process(FixedKeyRecord<Object, Object> record) {
        current = record;
        runner.process(record.key(), record.value(), record.timestamp(), record.headers());
      }
    };
  }

  private static Object keyValue(JsonNode expression, Object key, Object value) {
    return evaluate(expression, Environment.of("k", key, "v", value));
  }

  private static TopicNameExtractor<Object, Object> extractor(JsonNode expression) {
    return (k, v, context) -> {
      String origin = context.topic() + "-" + context.partition() + "@" + context.offset();
      return text(evaluate(expression, Environment.of("k", k, "v", v, "ts", context.timestamp(), "origin", origin)));
    };
  }

  private static TimestampExtractor timestampExtractor(JsonNode expression) {
    return (record, partitionTime) -> (Long) evaluate(expression,
        Environment.of("k", record.key(), "v", record.value(), "ts", record.timestamp(), "partitionTime", partitionTime));
  }

  private static Consumed<Object, Object> consumed(JsonNode step, String serdes) {
    Consumed<Object, Object> consumed = Consumed.with(serde(step, serdes, 0), serde(step, serdes, 1));
    return step.has("timestamp") ? consumed.withTimestampExtractor(timestampExtractor(step.get("timestamp"))) : consumed;
  }

  private static Grouped<Object, Object> grouped(JsonNode step) {
    Grouped<Object, Object> grouped = Grouped.with(serde(step, "serdes", 0), serde(step, "serdes", 1));
    return step.has("name") ? grouped.withName(text(step, "name")) : grouped;
  }

  /** Null where the step says nothing about storage. */
  private static Materialized materialized(JsonNode step) {
    Materialized<Object, Object, KeyValueStore<Bytes, byte[]>> materialized = null;
    if (step.has("as")) materialized = Materialized.as(text(step, "as"));
    if (step.has("storeSerdes")) {
      if (materialized == null) materialized = Materialized.with(serde(step, "storeSerdes", 0), serde(step, "storeSerdes", 1));
      else materialized = materialized.withKeySerde(serde(step, "storeSerdes", 0)).withValueSerde(serde(step, "storeSerdes", 1));
    }
    if (materialized == null) return null;
    if (step.has("caching")) materialized = step.get("caching").asBoolean() ? materialized.withCachingEnabled() : materialized.withCachingDisabled();
    if (step.has("logging") && !step.get("logging").asBoolean()) materialized = materialized.withLoggingDisabled();
    if (step.has("retentionMs")) materialized = materialized.withRetention(millis(step, "retentionMs"));
    return materialized;
  }

  private static StoreBuilder<?> storeBuilder(JsonNode step) {
    String name = text(step, "store");
    var keys = serde(step, "serdes", 0);
    var values = serde(step, "serdes", 1);
    StoreBuilder<?> builder = switch (text(step, "kind")) {
      case "keyValue" -> Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), keys, values);
      case "timestampedKeyValue" -> Stores.timestampedKeyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), keys, values);
      case "window" -> Stores.windowStoreBuilder(windowStore(step), keys, values);
      default -> Stores.timestampedWindowStoreBuilder(windowStore(step), keys, values);
    };
    builder = step.path("caching").asBoolean(false) ? builder.withCachingEnabled() : builder.withCachingDisabled();
    return step.path("logging").asBoolean(true) ? builder : builder.withLoggingDisabled();
  }

  private static WindowBytesStoreSupplier windowStore(JsonNode step) {
    return Stores.inMemoryWindowStore(text(step, "store"), millis(step, "retentionMs"), millis(step, "windowSizeMs"), step.path("retainDuplicates").asBoolean(false));
  }

  private KTable<Object, Object> table(JsonNode step) {
    return (KTable<Object, Object>) objects.get(text(step, "from"));
  }

  private static org.apache.kafka.common.serialization.Serde<Object> serde(JsonNode step, String field, int at) {
    return Fields.serde(step.get(field).get(at).asText());
  }

  private static Duration millis(JsonNode step, String field) {
    return Duration.ofMillis(step.get(field).asLong());
  }

  private static String text(JsonNode step, String field) {
    return step.path(field).asText();
  }

  private static String text(Object value) {
    return Expressions.text(value);
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    for (JsonNode text : array) texts.add(text.asText());
    return texts;
  }
}
