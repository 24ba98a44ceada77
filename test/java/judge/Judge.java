package judge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.ValueTimestampHeaders;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.internals.WrappedStateStore;
import org.apache.kafka.streams.test.TestRecord;

/**
 * Runs scenarios (see test/golden/scenario.ts) through Kafka Streams' TopologyTestDriver: `Judge SCENARIOS.json OUTCOMES.json`.
 */
public final class Judge {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> MASKED_HEADERS = Set.of("__streams.errors.exception", "__streams.errors.stacktrace");

  private static final String MESSAGE_HEADER = "__streams.errors.message";

  private final JsonNode scenario;
  private final List<String> trace = new ArrayList<>();
  private final Map<String, JsonNode> inputSerdes = new HashMap<>();

  private Judge(JsonNode scenario) {
    this.scenario = scenario;
    for (JsonNode step : scenario.get("steps")) {
      if (step.has("topics")) for (JsonNode topic : step.get("topics")) inputSerdes.put(topic.asText(), step.get("serdes"));
      else if (step.has("sourceSerdes")) inputSerdes.put(step.get("topic").asText(), step.get("sourceSerdes"));
      else if (Set.of("table", "globalTable").contains(step.get("op").asText())) inputSerdes.put(step.get("topic").asText(), step.get("serdes"));
    }
  }

  public static void main(String[] arguments) throws Exception {
    ObjectNode outcomes = JSON.createObjectNode();
    for (JsonNode scenario : JSON.readTree(new File(arguments[0]))) {
      String name = scenario.get("name").asText();
      try {
        outcomes.set(name, new Judge(scenario).run());
      } catch (Exception error) {
        throw new IllegalStateException("Scenario " + name + " cannot be run", error);
      }
    }
    JSON.writeValue(new File(arguments[1]), outcomes);
  }

  private ObjectNode run() {
    Properties properties = properties();
    var topology = new Interpreter(scenario, trace).build(properties);
    ObjectNode outcome = JSON.createObjectNode();
    TopologyTestDriver driver = new TopologyTestDriver(topology, properties, Instant.EPOCH);
    Integer failedAt = null;
    int index = 0;
    for (JsonNode input : scenario.get("input")) {
      try {
        feed(driver, input);
      } catch (RuntimeException error) {
        failedAt = index;
        if (System.getenv("JUDGE_TRACE") != null) error.printStackTrace();
        break;
      }
      index++;
    }
    ObjectNode topics = outcome.putObject("topics");
    ObjectNode changelogs = outcome.putObject("changelogs");
    for (String topic : new TreeSet<>(driver.producedTopicNames())) writeTopic(driver, topic, topics, changelogs);
    ObjectNode stores = outcome.putObject("stores");
    if (failedAt == null) {
      for (var store : new TreeMap<>(driver.getAllStateStores()).entrySet()) stores.set(store.getKey(), rows(store.getValue()));
    }
    ArrayNode traced = outcome.putArray("trace");
    trace.forEach(traced::add);
    outcome.put("dropped", dropped(driver));
    outcome.put("failedAt", failedAt);
    try {
      driver.close();
    } catch (RuntimeException error) {
      // After a failure the driver's task is no longer fit to be closed.
      if (failedAt == null) throw error;
    }
    return outcome;
  }

  private Properties properties() {
    JsonNode config = scenario.get("config");
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "app");
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, config.get("caching").asBoolean() ? 10 * 1024 * 1024 : 0);
    properties.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class);
    JsonNode serdes = config.has("defaultSerdes") ? config.get("defaultSerdes") : JSON.createArrayNode().add("string").add("string");
    properties.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Fields.serde(serdes.get(0).asText()).getClass());
    properties.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Fields.serde(serdes.get(1).asText()).getClass());
    if (config.path("deserialization").asText().equals("continue")) {
      properties.put(StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG, LogAndContinueExceptionHandler.class);
    }
    if (config.path("processing").asText().equals("continue")) {
      properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, LogAndContinueProcessingExceptionHandler.class);
    }
    if (config.has("joinEmitIntervalMs")) {
      properties.put("__emit.interval.ms.kstreams.outer.join.spurious.results.fix__", config.get("joinEmitIntervalMs").asLong());
    }
    if (config.has("deadLetterTopic")) {
      properties.put(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, config.get("deadLetterTopic").asText());
    }
    return properties;
  }

  private void feed(TopologyTestDriver driver, JsonNode input) {
    if (input.isObject()) {
      driver.advanceWallClockTime(Duration.ofMillis(input.get("advanceMs").asLong()));
      return;
    }
    String topic = input.get(0).asText();
    JsonNode serdes = inputSerdes.get(topic);
    RecordHeaders headers = new RecordHeaders();
    for (JsonNode header : input.path(4)) {
      headers.add(header.get(0).asText(), header.get(1).isNull() ? null : header.get(1).asText().getBytes(StandardCharsets.UTF_8));
    }
    byte[] key = Fields.bytes(input.get(1), serdes.get(0).asText());
    byte[] value = Fields.bytes(input.get(2), serdes.get(1).asText());
    driver.createInputTopic(topic, new ByteArraySerializer(), new ByteArraySerializer())
        .pipeInput(new TestRecord<>(key, value, headers, input.get(3).asLong()));
  }

  private void writeTopic(TopologyTestDriver driver, String topic, ObjectNode topics, ObjectNode changelogs) {
    var records = driver.createOutputTopic(topic, new ByteArrayDeserializer(), new ByteArrayDeserializer()).readRecordsToList();
    if (!topic.endsWith("-changelog")) {
      ArrayNode shown = topics.putArray(topic);
      boolean mask = scenario.get("config").path("maskDeadLetters").asBoolean() && topic.equals(scenario.get("config").path("deadLetterTopic").asText());
      for (TestRecord<byte[], byte[]> record : records) {
        ArrayNode row = show(record);
        shown.add(mask ? row.set(0, "*").set(1, "*") : row);
      }
      return;
    }
    TreeMap<String, JsonNode> last = new TreeMap<>();
    for (TestRecord<byte[], byte[]> record : records) {
      last.put(Fields.show(record.key()), show(record));
    }
    changelogs.putArray(topic).addAll(last.values());
  }

  private static ArrayNode show(TestRecord<byte[], byte[]> record) {
    ArrayNode shown = JSON.createArrayNode().add(Fields.show(record.key())).add(Fields.show(record.value())).add(record.timestamp());
    if (record.headers().toArray().length == 0) return shown;
    ArrayNode headers = shown.addArray();
    for (Header header : record.headers()) {
      headers.addArray().add(header.key()).add(isMasked(header) ? "*" : Fields.show(header.value()));
    }
    return shown;
  }

  private static boolean isMasked(Header header) {
    if (MASKED_HEADERS.contains(header.key())) return true;
    return header.key().equals(MESSAGE_HEADER) && Expressions.text(Fields.show(header.value())).contains("Deserializer");
  }

  @SuppressWarnings("unchecked")
  private static ArrayNode rows(StateStore store) {
    ArrayNode rows = JSON.createArrayNode();
    if (store instanceof KeyValueStore<?, ?> keyValue) {
      try (KeyValueIterator<Object, Object> all = ((KeyValueStore<Object, Object>) keyValue).all()) {
        while (all.hasNext()) {
          KeyValue<Object, Object> row = all.next();
          addValue(rows.addArray().add(Expressions.text(row.key)), row.value);
        }
      }
    } else {
      Set<Long> kept;
      try {
        kept = windowsKept(store);
      } catch (IllegalArgumentException error) {
        return rows; // Kafka Streams cannot list windows of length 0
      }
      try (KeyValueIterator<Windowed<Object>, Object> all = ((WindowStore<Object, Object>) store).all()) {
        while (all.hasNext()) {
          KeyValue<Windowed<Object>, Object> row = all.next();
          if (!kept.contains(row.key.window().start())) continue;
          addValue(rows.addArray().add(Expressions.text(row.key.key())).add(row.key.window().start()), row.value);
        }
      }
    }
    return rows;
  }

  /** Starts of the windows in the innermost store: a cache around it also shows rows that have expired since. */
  @SuppressWarnings("unchecked")
  private static Set<Long> windowsKept(StateStore store) {
    while (store instanceof WrappedStateStore<?, ?, ?> wrapper) store = wrapper.wrapped();
    Set<Long> starts = new TreeSet<>();
    try (KeyValueIterator<Windowed<Object>, Object> all = ((WindowStore<Object, Object>) store).all()) {
      while (all.hasNext()) starts.add(all.next().key.window().start());
    }
    return starts;
  }

  private static void addValue(ArrayNode row, Object value) {
    // A stream-stream join's store: its rows have the timestamp in their key.
    if (value instanceof ValueTimestampHeaders<?> wrapped) row.add(Expressions.text(wrapped.value()));
    else if (value instanceof ValueAndTimestamp<?> stamped) row.add(Expressions.text(stamped.value())).add(stamped.timestamp());
    else row.add(Expressions.text(value));
  }

  private static long dropped(TopologyTestDriver driver) {
    double sum = 0;
    for (var metric : driver.metrics().entrySet()) {
      MetricName name = metric.getKey();
      if (name.name().equals("dropped-records-total")) sum += (Double) metric.getValue().metricValue();
    }
    return (long) sum;
  }
}
