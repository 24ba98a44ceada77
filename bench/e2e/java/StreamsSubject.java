import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;

/** Subject: Java Kafka Streams with the topologies of topologies.ts. Told by its environment what to do; ends by SIGTERM. */
public class StreamsSubject {
  private static final Serde<String> TEXT = Serdes.String();
  private static final Serde<Long> LONG = Serdes.Long();
  private static final int AMOUNT_DIGITS = 6;
  private static final int KEPT_CHARACTERS = 40;

  public static void main(String[] arguments) {
    StreamsBuilder builder = new StreamsBuilder();
    define(builder, setting("WORKLOAD"), setting("OUTPUT"));
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, setting("APPLICATION"));
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, setting("BOOTSTRAP"));
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, setting("GUARANTEE"));
    properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, setting("COMMIT_MS"));
    properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, setting("CACHE_BYTES"));
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), setting("COMPRESSION"));
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, setting("THREADS"));
    properties.put(StreamsConfig.STATE_DIR_CONFIG, setting("STATE_DIR"));
    properties.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, stores(setting("VARIANT")));
    properties.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    KafkaStreams streams = new KafkaStreams(builder.build(properties), properties);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(30))));
    streams.start();
  }

  private static String stores(String variant) {
    return "org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$"
        + (variant.equals("rocksdb") ? "RocksDBDslStoreSuppliers" : "InMemoryDslStoreSuppliers");
  }

  private static String setting(String name) {
    return System.getenv("BENCH_" + name);
  }

  private static void define(StreamsBuilder builder, String workload, String output) {
    switch (workload) {
      case "pass-through" -> builder
          .stream("events-uniform", Consumed.with(Serdes.Bytes(), Serdes.Bytes()))
          .to(output, Produced.with(Serdes.Bytes(), Serdes.Bytes()));
      case "filter-map" -> text(builder, "events-uniform")
          .filter((key, value) -> Integer.parseInt(value.substring(0, AMOUNT_DIGITS)) % 2 == 0)
          .mapValues(value ->
              "amount=" + value.substring(0, AMOUNT_DIGITS) + " " + value.substring(AMOUNT_DIGITS + 1, KEPT_CHARACTERS))
          .to(output, Produced.with(TEXT, TEXT));
      case "word-count" -> text(builder, "lines")
          .flatMapValues(StreamsSubject::words)
          .groupBy((key, word) -> word, Grouped.with(TEXT, TEXT))
          .count(Materialized.as("counts"))
          .toStream()
          .to(output, Produced.with(TEXT, LONG));
      case "count-uniform" -> count(builder, "events-uniform", output);
      case "count-zipf" -> count(builder, "events-zipf", output);
      case "windowed-count" -> text(builder, "events-uniform")
          .groupByKey(Grouped.with(TEXT, TEXT))
          .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofSeconds(10)))
          .count(Materialized.as("counts"))
          .toStream((windowed, count) -> windowed.key() + "@" + windowed.window().start())
          .to(output, Produced.with(TEXT, LONG));
      case "stream-table-join" -> text(builder, "events-uniform")
          .join(
              builder.table("customers", Consumed.with(TEXT, TEXT), Materialized.as("customers")),
              (event, customer) -> customer + ": " + event.substring(0, AMOUNT_DIGITS))
          .to(output, Produced.with(TEXT, TEXT));
      default -> NexmarkQueries.define(builder, workload, output, setting("VARIANT"));
    }
  }

  private static KStream<String, String> text(StreamsBuilder builder, String topic) {
    return builder.stream(topic, Consumed.with(TEXT, TEXT));
  }

  private static void count(StreamsBuilder builder, String input, String output) {
    text(builder, input)
        .groupByKey(Grouped.with(TEXT, TEXT))
        .count(Materialized.as("counts"))
        .toStream()
        .to(output, Produced.with(TEXT, LONG));
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    for (String word : line.toLowerCase(Locale.ROOT).split("[^a-z']+")) {
      if (!word.isEmpty()) words.add(word);
    }
    return words;
  }
}
