import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindows;

/** The topologies of topologies.ts for Kafka Streams, operator by operator: what they describe() is the same. */
final class Workloads {
  private static final Serde<String> TEXT = Serdes.String();
  private static final Serde<Long> LONG = Serdes.Long();
  private static final int AMOUNT_DIGITS = 6;
  private static final int KEPT_CHARACTERS = 40;

  private Workloads() {}

  static void define(StreamsBuilder builder, String workload, String output) {
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
          .flatMapValues(Workloads::words)
          .groupBy((key, word) -> word, Grouped.with(TEXT, TEXT))
          .count(Materialized.as("counts"))
          .toStream()
          .to(output, Produced.with(TEXT, LONG));
      case "count-uniform" -> count(builder, "events-uniform", output);
      case "restore" -> count(builder, "events-distinct", output);
      case "count-zipf" -> count(builder, "events-zipf", output);
      case "windowed-count" -> text(builder, "events-uniform")
          .groupByKey(Grouped.with(TEXT, TEXT))
          .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofSeconds(10)))
          .count(Materialized.as("counts"))
          .toStream((windowed, count) -> windowed.key() + "@" + windowed.window().start())
          .to(output, Produced.with(TEXT, LONG));
      case "stream-table-join" -> {
        KTable<String, String> customers = builder.table("customers", Consumed.with(TEXT, TEXT), Materialized.as("customers"));
        text(builder, "events-uniform")
            .join(customers, (event, customer) -> customer + ": " + event.substring(0, AMOUNT_DIGITS))
            .to(output, Produced.with(TEXT, TEXT));
      }
      case "stream-stream-join" -> {
        KStream<String, String> right = text(builder, "events-right");
        text(builder, "events-left")
            .join(
                right,
                (one, other) -> one.substring(0, AMOUNT_DIGITS) + " " + other.substring(0, AMOUNT_DIGITS),
                JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(50), Duration.ofSeconds(5)),
                StreamJoined.with(TEXT, TEXT, TEXT))
            .to(output, Produced.with(TEXT, TEXT));
      }
      case "flights" -> Flights.define(builder);
      default -> NexmarkQueries.define(builder, workload, output, System.getenv("BENCH_VARIANT"));
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
