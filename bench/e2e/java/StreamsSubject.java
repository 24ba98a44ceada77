import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;

/**
 * Subject: Java Kafka Streams with the topologies of Workloads.java. Told by its environment what to do; ends by SIGTERM.
 * With arguments it prints what the topologies of these workloads are, each before a line with a dot, and ends.
 */
public final class StreamsSubject {
  private StreamsSubject() {}

  public static void main(String[] arguments) {
    for (String workload : arguments) {
      StreamsBuilder described = new StreamsBuilder();
      Workloads.define(described, workload, setting("OUTPUT"));
      System.out.println(described.build().describe() + "\n.");
    }
    if (arguments.length == 0) run();
  }

  private static void run() {
    StreamsBuilder builder = new StreamsBuilder();
    Workloads.define(builder, setting("WORKLOAD"), setting("OUTPUT"));
    Properties properties = properties();
    KafkaStreams streams = new KafkaStreams(builder.build(properties), properties);
    // By itself a member that stops stays in its group, and who comes next waits for its session to end.
    CloseOptions leaving =
        CloseOptions.timeout(Duration.ofSeconds(30)).withGroupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(leaving)));
    streams.start();
  }

  private static Properties properties() {
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
    if (setting("WORKLOAD").equals("flights")) {
      properties.put(StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG, LogAndContinueExceptionHandler.class);
      properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, LogAndContinueProcessingExceptionHandler.class);
      properties.put(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, "flights-dead-letter");
    }
    return properties;
  }

  private static String stores(String variant) {
    return "org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$"
        + (variant.equals("rocksdb") ? "RocksDBDslStoreSuppliers" : "InMemoryDslStoreSuppliers");
  }

  private static String setting(String name) {
    return System.getenv("BENCH_" + name);
  }
}
