package judge;

import static judge.Expressions.evaluate;
import static judge.Expressions.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/** What a processor of one's own does; test/golden/script-processor.ts in Java. */
final class ScriptRunner {
  /** Forwards with everything settled; `child` may be null. */
  interface Forward {
    void send(Object key, Object value, long timestamp, Headers headers, String child);
  }

  private final JsonNode script;
  private final List<String> trace;
  private ProcessingContext context;
  private Forward forward;

  ScriptRunner(JsonNode script, List<String> trace) {
    this.script = script;
    this.trace = trace;
  }

  void init(ProcessingContext context, Forward forward) {
    this.context = context;
    this.forward = forward;
    if (script.has("init")) run(script.get("init"), environment(null, null, -1, new RecordHeaders()));
  }

  void process(Object key, Object value, long timestamp, Headers headers) {
    run(script.get("process"), environment(key, value, timestamp, headers));
  }

  private Map<String, Object> environment(Object key, Object value, long timestamp, Headers headers) {
    Map<String, Object> environment = new HashMap<>();
    environment.put("k", key);
    environment.put("v", value);
    environment.put("ts", timestamp);
    environment.put("headers", headers);
    call(environment, "get", operands -> keyValue(operands.get(0)).get(operands.get(1)));
    call(environment, "delete", operands -> keyValue(operands.get(0)).delete(operands.get(1)));
    call(environment, "getTimestamped", operands -> stamped(keyValue(operands.get(0)).get(operands.get(1))));
    call(environment, "fetch", operands -> window(operands.get(0)).fetch(operands.get(1), (Long) operands.get(2)));
    call(environment, "fetchTimestamped", operands -> stamped(window(operands.get(0)).fetch(operands.get(1), (Long) operands.get(2))));
    call(environment, "streamTime", operands -> context.currentStreamTimeMs());
    call(environment, "wallTime", operands -> context.currentSystemTimeMs());
    // In a punctuator Kafka Streams shows a record of no topic.
    call(environment, "origin", operands -> context.recordMetadata().filter(metadata -> metadata.partition() >= 0)
        .map(metadata -> metadata.topic() + "-" + metadata.partition() + "@" + metadata.offset()).orElse("none"));
    call(environment, "headers", operands -> {
      StringJoiner joiner = new StringJoiner(",");
      for (Header header : headers) joiner.add(header.key() + "=" + text(Fields.show(header.value())));
      return joiner.toString();
    });
    return environment;
  }

  private static void call(Map<String, Object> environment, String name, Expressions.Callee callee) {
    environment.put("call:" + name, callee);
  }

  private void run(JsonNode actions, Map<String, Object> environment) {
    for (JsonNode action : actions) step(action, environment);
  }

  private void step(JsonNode action, Map<String, Object> environment) {
    switch (action.get(0).asText()) {
      case "forward" -> send(value(action, 1, environment), value(action, 2, environment), action.path(3), environment);
      case "put" -> keyValue(action.get(1).asText()).put(value(action, 2, environment), value(action, 3, environment));
      case "putIfAbsent" -> keyValue(action.get(1).asText()).putIfAbsent(value(action, 2, environment), value(action, 3, environment));
      case "putTimestamped" -> keyValue(action.get(1).asText()).put(value(action, 2, environment),
          ValueAndTimestamp.make(value(action, 3, environment), (Long) value(action, 4, environment)));
      case "putWindow" -> window(action.get(1).asText()).put(value(action, 2, environment), value(action, 3, environment),
          (Long) value(action, 4, environment));
      case "putTimestampedWindow" -> window(action.get(1).asText()).put(value(action, 2, environment),
          ValueAndTimestamp.make(value(action, 3, environment), (Long) value(action, 4, environment)), (Long) value(action, 5, environment));
      case "scan" -> {
        try (KeyValueIterator<Object, Object> rows = scan(action, environment)) {
          while (rows.hasNext()) {
            KeyValue<Object, Object> row = rows.next();
            send(row.key, row.value, action.path(99), environment);
          }
        }
      }
      case "scanWindows" -> scanWindows(action, environment);
      case "if" -> run(Expressions.isTrue(action.get(1), environment) ? action.get(2) : action.path(3), environment);
      case "trace" -> trace.add(text(value(action, 1, environment)));
      case "schedule" -> schedule(action);
      case "commit" -> context.commit();
      default -> throw new IllegalArgumentException("No action " + action);
    }
  }

  private static Object value(JsonNode action, int at, Map<String, Object> environment) {
    return action.has(at) ? evaluate(action.get(at), environment) : null;
  }

  /** What a script leaves out comes from the record, in a punctuator: its time and no headers. */
  private void send(Object key, Object value, JsonNode options, Map<String, Object> environment) {
    long timestamp = options.has("ts") ? (Long) evaluate(options.get("ts"), environment) : (Long) environment.get("ts");
    Headers headers = (Headers) environment.get("headers");
    if (options.has("headers")) {
      headers = new RecordHeaders();
      for (JsonNode header : options.get("headers")) {
        Object content = evaluate(header.get(1), environment);
        headers.add(header.get(0).asText(), content == null ? null : text(content).getBytes(StandardCharsets.UTF_8));
      }
    }
    forward.send(key, value, timestamp, headers, options.has("child") ? options.get("child").asText() : null);
  }

  private void schedule(JsonNode action) {
    PunctuationType type = action.get(2).asText().equals("stream-time") ? PunctuationType.STREAM_TIME : PunctuationType.WALL_CLOCK_TIME;
    int limit = action.get(3).asInt();
    int[] calls = {0};
    Cancellable[] handle = {null};
    handle[0] = context.schedule(Duration.ofMillis(action.get(1).asLong()), type, timestamp -> {
      if (++calls[0] == limit) handle[0].cancel();
      run(action.get(4), environment(null, null, timestamp, new RecordHeaders()));
    });
  }

  private KeyValueIterator<Object, Object> scan(JsonNode action, Map<String, Object> environment) {
    KeyValueStore<Object, Object> store = keyValue(action.get(1).asText());
    Object a = value(action, 3, environment);
    Object b = value(action, 4, environment);
    return switch (action.get(2).asText()) {
      case "all" -> store.all();
      case "reverseAll" -> store.reverseAll();
      case "range" -> store.range(a, b);
      case "reverseRange" -> store.reverseRange(a, b);
      default -> store.prefixScan((String) a, new StringSerializer());
    };
  }

  private void scanWindows(JsonNode action, Map<String, Object> environment) {
    WindowStore<Object, Object> store = window(action.get(1).asText());
    Object a = value(action, 3, environment);
    Object b = value(action, 4, environment);
    Object c = value(action, 5, environment);
    Object d = value(action, 6, environment);
    String how = action.get(2).asText();
    if (how.equals("fetch") || how.equals("backwardFetch")) {
      Instant from = Instant.ofEpochMilli((Long) b);
      Instant to = Instant.ofEpochMilli((Long) c);
      try (WindowStoreIterator<Object> rows = how.equals("fetch") ? store.fetch(a, from, to) : store.backwardFetch(a, from, to)) {
        while (rows.hasNext()) {
          KeyValue<Long, Object> row = rows.next();
          send(text(a) + "@" + row.key, row.value, action.path(99), environment);
        }
      }
      return;
    }
    KeyValueIterator<Windowed<Object>, Object> rows = switch (how) {
      case "all" -> store.all();
      case "backwardAll" -> store.backwardAll();
      case "fetchAll" -> store.fetchAll(Instant.ofEpochMilli((Long) a), Instant.ofEpochMilli((Long) b));
      default -> store.fetch(a, b, Instant.ofEpochMilli((Long) c), Instant.ofEpochMilli((Long) d));
    };
    try (rows) {
      while (rows.hasNext()) {
        KeyValue<Windowed<Object>, Object> row = rows.next();
        send(text(row.key.key()) + "@" + row.key.window().start(), row.value, action.path(99), environment);
      }
    }
  }

  private static String stamped(Object row) {
    return row == null ? null : text(((ValueAndTimestamp<?>) row).value()) + "@" + ((ValueAndTimestamp<?>) row).timestamp();
  }

  private KeyValueStore<Object, Object> keyValue(Object name) {
    return context.getStateStore((String) name);
  }

  private WindowStore<Object, Object> window(Object name) {
    return context.getStateStore((String) name);
  }
}
