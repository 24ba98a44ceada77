import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The job of examples/flights-etl for Kafka Streams, operator by operator. JSON is Jackson's; the state has a binary layout
 * by hand, which is faster than any general format.
 */
final class Flights {
  private static final Serde<String> TEXT = Serdes.String();
  private static final int LATE_MINUTES = 15;
  private static final int DATE_LENGTH = 10;
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration GRACE = Duration.ofHours(1);

  private Flights() {}

  public static final class Flight {
    public String date;
    public int delay;
    public int distance;
    public String origin;
    public String destination;
  }

  public static final class Airport {
    public String name;
    public String city;
    public String state;
  }

  public static final class AirportDay {
    public String airport;
    public String name;
    public String city;
    public String day;
    public int flights;
    public double meanDelay;
    public int worstDelay;
    public double lateShare;
  }

  public static final class Route {
    public int flights;
    public long distance;
  }

  private record Enriched(Flight flight, Airport from, Airport to) {}

  private static final class Figures {
    int flights;
    long totalDelay;
    int worstDelay = Integer.MIN_VALUE;
    int late;
    String name = "";
    String city = "";
  }

  static void define(StreamsBuilder builder) {
    GlobalKTable<String, Airport> airports = builder.globalTable("airports", Consumed.with(TEXT, new NexmarkJson<>(Airport.class)));
    KStream<String, Enriched> flights = builder
        .stream("flights", Consumed.with(TEXT, new NexmarkJson<>(Flight.class)))
        .mapValues(Flights::validated)
        .leftJoin(
            airports,
            (origin, flight) -> origin,
            (flight, from) -> new Enriched(flight, known(from, flight.origin), null))
        .leftJoin(
            airports,
            (origin, enriched) -> enriched.flight().destination,
            (enriched, to) -> new Enriched(enriched.flight(), enriched.from(), known(to, enriched.flight().destination)));
    delaysByAirportAndDay(flights);
    trafficByRoute(flights);
  }

  private static void delaysByAirportAndDay(KStream<String, Enriched> flights) {
    flights
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeAndGrace(DAY, GRACE))
        .aggregate(
            Figures::new,
            (airport, enriched, figures) -> add(enriched, figures),
            Materialized.<String, Figures, WindowStore<Bytes, byte[]>>as("delays-by-airport-and-day")
                .withKeySerde(TEXT)
                .withValueSerde(Serdes.serdeFrom((topic, figures) -> toBytes(figures), (topic, bytes) -> figures(bytes)))
                .withLoggingEnabled(Map.of("retention.ms", "-1")))
        .toStream()
        .map((windowed, figures) -> {
          String day = Instant.ofEpochMilli(windowed.window().start()).toString().substring(0, DATE_LENGTH);
          return KeyValue.pair(windowed.key() + " " + day, airportDay(windowed.key(), day, figures));
        })
        .to("airport-days", Produced.with(TEXT, new NexmarkJson<>(AirportDay.class)));
  }

  private static void trafficByRoute(KStream<String, Enriched> flights) {
    flights
        .map((origin, enriched) ->
            KeyValue.pair(enriched.flight().origin + "-" + enriched.flight().destination, enriched.flight().distance))
        .groupByKey(Grouped.with("by-route", TEXT, Serdes.Integer()))
        .aggregate(
            Route::new,
            (route, distance, traffic) -> {
              traffic.flights++;
              traffic.distance += distance;
              return traffic;
            },
            Materialized.<String, Route, KeyValueStore<Bytes, byte[]>>as("traffic-by-route")
                .withKeySerde(TEXT)
                .withValueSerde(Serdes.serdeFrom((topic, route) -> toBytes(route), (topic, bytes) -> route(bytes))))
        .toStream()
        .to("routes", Produced.with(TEXT, new NexmarkJson<>(Route.class)));
  }

  private static Flight validated(Flight flight) {
    if (flight == null) throw new IllegalArgumentException("the record has no flight in it");
    if (!isIata(flight.origin)) throw new IllegalArgumentException("origin " + flight.origin + " is not an IATA code");
    if (!isIata(flight.destination)) throw new IllegalArgumentException("destination " + flight.destination + " is not an IATA code");
    if (flight.distance <= 0) throw new IllegalArgumentException("distance " + flight.distance + " is not a positive number");
    return flight;
  }

  /** Three capital letters or digits. A regular expression would be slower here. */
  private static boolean isIata(String code) {
    if (code == null || code.length() != 3) return false;
    for (int at = 0; at < code.length(); at++) {
      char character = code.charAt(at);
      if (!(character >= 'A' && character <= 'Z') && !(character >= '0' && character <= '9')) return false;
    }
    return true;
  }

  private static Airport known(Airport airport, String code) {
    if (airport == null) throw new IllegalArgumentException("airport " + code + " is not in topic airports");
    return airport;
  }

  private static Figures add(Enriched enriched, Figures figures) {
    int delay = enriched.flight().delay;
    figures.flights++;
    figures.totalDelay += delay;
    figures.worstDelay = Math.max(figures.worstDelay, delay);
    if (delay > LATE_MINUTES) figures.late++;
    figures.name = enriched.from().name;
    figures.city = enriched.from().city;
    return figures;
  }

  private static AirportDay airportDay(String airport, String day, Figures figures) {
    AirportDay row = new AirportDay();
    row.airport = airport;
    row.name = figures.name;
    row.city = figures.city;
    row.day = day;
    row.flights = figures.flights;
    row.meanDelay = (double) figures.totalDelay / figures.flights;
    row.worstDelay = figures.worstDelay;
    row.lateShare = (double) figures.late / figures.flights;
    return row;
  }

  private static byte[] toBytes(Figures figures) {
    if (figures == null) return null;
    byte[] name = figures.name.getBytes(StandardCharsets.UTF_8);
    byte[] city = figures.city.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(3 * Integer.BYTES + Long.BYTES + 2 * Short.BYTES + name.length + city.length)
        .putInt(figures.flights)
        .putLong(figures.totalDelay)
        .putInt(figures.worstDelay)
        .putInt(figures.late)
        .putShort((short) name.length)
        .put(name)
        .putShort((short) city.length)
        .put(city)
        .array();
  }

  private static Figures figures(byte[] bytes) {
    if (bytes == null) return null;
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    Figures figures = new Figures();
    figures.flights = buffer.getInt();
    figures.totalDelay = buffer.getLong();
    figures.worstDelay = buffer.getInt();
    figures.late = buffer.getInt();
    figures.name = text(buffer);
    figures.city = text(buffer);
    return figures;
  }

  private static String text(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.getShort()];
    buffer.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] toBytes(Route route) {
    return route == null ? null : ByteBuffer.allocate(Integer.BYTES + Long.BYTES).putInt(route.flights).putLong(route.distance).array();
  }

  private static Route route(byte[] bytes) {
    if (bytes == null) return null;
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    Route route = new Route();
    route.flights = buffer.getInt();
    route.distance = buffer.getLong();
    return route;
  }
}
