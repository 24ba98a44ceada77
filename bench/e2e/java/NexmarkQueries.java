import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** Nexmark's q0 to q8 for Kafka Streams: the topologies of nexmark/queries.ts, operator by operator. */
public final class NexmarkQueries {
  private static final Serde<Long> LONG = Serdes.Long();
  private static final long WINDOW_MS = 10_000;
  private static final Duration WINDOW = Duration.ofMillis(WINDOW_MS);
  private static final Duration HOP = Duration.ofSeconds(2);
  private static final Duration GRACE = Duration.ofDays(1);
  private static final int LAST_SALES = 10;

  private final StreamsBuilder builder;
  private final String output;
  /** Makes stores that the DSL does not make: its own follow the setting of the application. */
  private final Function<String, KeyValueBytesStoreSupplier> stores;

  private NexmarkQueries(StreamsBuilder builder, String output, String storeVariant) {
    this.builder = builder;
    this.output = output;
    this.stores = storeVariant.equals("rocksdb") ? Stores::persistentKeyValueStore : Stores::inMemoryKeyValueStore;
  }

  public static void define(StreamsBuilder builder, String query, String output, String storeVariant) {
    NexmarkQueries queries = new NexmarkQueries(builder, output, storeVariant);
    switch (query) {
      case "nexmark-q0" -> queries.passThrough();
      case "nexmark-q1" -> queries.currencyConversion();
      case "nexmark-q2" -> queries.selection();
      case "nexmark-q3" -> queries.localItems();
      case "nexmark-q4" -> queries.averagePerCategory();
      case "nexmark-q5" -> queries.hotItems();
      case "nexmark-q6" -> queries.averagePerSeller();
      case "nexmark-q7" -> queries.highestBids();
      case "nexmark-q8" -> queries.newUsers();
      default -> throw new IllegalArgumentException("There is no query " + query);
    }
  }

  private void passThrough() {
    bids()
        .mapValues(bid -> new NexmarkModel.PlainBid(bid.auction(), bid.bidder(), bid.price(), bid.dateTime(), bid.extra()))
        .to(output, Produced.with(LONG, json(NexmarkModel.PlainBid.class)));
  }

  private void currencyConversion() {
    bids()
        .mapValues(bid -> new NexmarkModel.PlainBid(
            bid.auction(), bid.bidder(), bid.price() * 908 / 1_000, bid.dateTime(), bid.extra()))
        .to(output, Produced.with(LONG, json(NexmarkModel.PlainBid.class)));
  }

  private void selection() {
    bids()
        .filter((key, bid) -> bid.auction() % 123 == 0)
        .mapValues(bid -> new NexmarkModel.Selected(bid.auction(), bid.price()))
        .to(output, Produced.with(LONG, json(NexmarkModel.Selected.class)));
  }

  private void localItems() {
    String sellers = NexmarkProcessors.SELLERS;
    String waiting = NexmarkProcessors.WAITING;
    builder
        .addStateStore(Stores.keyValueStoreBuilder(stores.apply(sellers), LONG, json(NexmarkModel.Home.class)))
        .addStateStore(Stores.keyValueStoreBuilder(stores.apply(waiting), LONG, json(long[].class)));
    KStream<Long, NexmarkModel.LocalItem> bySellers =
        persons().processValues(NexmarkProcessors.SellerSide::new, sellers, waiting);
    KStream<Long, NexmarkModel.LocalItem> byAuctions =
        auctions()
            .filter((id, auction) -> auction.category() == 10)
            .selectKey((id, auction) -> auction.seller())
            .repartition(Repartitioned.with(LONG, json(NexmarkModel.Auction.class)).withName("auctions-by-seller"))
            .processValues(NexmarkProcessors.AuctionSide::new, sellers, waiting);
    bySellers.merge(byAuctions).to(output, Produced.with(LONG, json(NexmarkModel.LocalItem.class)));
  }

  private void averagePerCategory() {
    winningBids()
        .groupBy((id, bid) -> bid.category(), Grouped.with(LONG, json(NexmarkModel.WinningBid.class)))
        .aggregate(
            () -> new NexmarkModel.PriceTotal(0, 0),
            (category, bid, total) -> bid.previous() == null
                ? new NexmarkModel.PriceTotal(total.sum() + bid.price(), total.count() + 1)
                : new NexmarkModel.PriceTotal(total.sum() + bid.price() - bid.previous(), total.count()),
            stored("totals", NexmarkModel.PriceTotal.class))
        .toStream()
        .mapValues((category, total) -> new NexmarkModel.CategoryAverage(category, total.sum() / total.count()))
        .to(output, Produced.with(LONG, json(NexmarkModel.CategoryAverage.class)));
  }

  private void averagePerSeller() {
    winningBids()
        .groupBy((id, bid) -> bid.seller(), Grouped.with(LONG, json(NexmarkModel.WinningBid.class)))
        .aggregate(() -> new NexmarkModel.Sale[0], NexmarkQueries::lastSales, stored("last-sales", NexmarkModel.Sale[].class))
        .toStream()
        .mapValues((seller, sales) -> {
          long sum = 0;
          for (NexmarkModel.Sale sale : sales) sum += sale.price();
          return new NexmarkModel.SellerAverage(seller, sum / sales.length);
        })
        .to(output, Produced.with(LONG, json(NexmarkModel.SellerAverage.class)));
  }

  private static NexmarkModel.Sale[] lastSales(Long seller, NexmarkModel.WinningBid bid, NexmarkModel.Sale[] sales) {
    List<NexmarkModel.Sale> last = new ArrayList<>(sales.length + 1);
    for (NexmarkModel.Sale sale : sales) {
      if (sale.auction() != bid.auction()) last.add(sale);
    }
    int at = 0;
    while (at < last.size() && last.get(at).dateTime() <= bid.dateTime()) at++;
    last.add(at, new NexmarkModel.Sale(bid.auction(), bid.price(), bid.dateTime()));
    if (last.size() > LAST_SALES) last.remove(0);
    return last.toArray(NexmarkModel.Sale[]::new);
  }

  private KStream<Long, NexmarkModel.WinningBid> winningBids() {
    String highest = NexmarkProcessors.HIGHEST;
    KTable<Long, NexmarkModel.Auction> auctions = builder.table(
        "nexmark-auction", Consumed.with(LONG, json(NexmarkModel.Auction.class)), stored("auctions", NexmarkModel.Auction.class));
    builder.addStateStore(Stores.keyValueStoreBuilder(stores.apply(highest), LONG, LONG));
    return bids()
        .join(auctions, NexmarkModel.BidOnAuction::new)
        .filter((id, both) ->
            both.bid().dateTime() >= both.auction().dateTime() && both.bid().dateTime() <= both.auction().expires())
        .processValues(NexmarkProcessors.HighestBid::new, highest);
  }

  private void hotItems() {
    bids()
        .groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW).advanceBy(HOP))
        .count(Materialized.as("counts"))
        .toStream()
        .map((windowed, count) -> KeyValue.pair(windowed.window().start(), new NexmarkModel.BidCount(windowed.key(), count)))
        .groupByKey(Grouped.with(LONG, json(NexmarkModel.BidCount.class)))
        .aggregate(
            () -> new NexmarkModel.Hottest(0, List.of()), NexmarkQueries::hottest, stored("hottest", NexmarkModel.Hottest.class))
        .toStream()
        .to(output, Produced.with(LONG, json(NexmarkModel.Hottest.class)));
  }

  private static NexmarkModel.Hottest hottest(Long start, NexmarkModel.BidCount bids, NexmarkModel.Hottest hot) {
    if (bids.count() > hot.count()) return new NexmarkModel.Hottest(bids.count(), List.of(bids.auction()));
    if (bids.count() < hot.count() || hot.auctions().contains(bids.auction())) return hot;
    List<Long> auctions = new ArrayList<>(hot.auctions());
    auctions.add(bids.auction());
    auctions.sort(null);
    return new NexmarkModel.Hottest(bids.count(), auctions);
  }

  private void highestBids() {
    Serde<NexmarkModel.ShownBid> shown = json(NexmarkModel.ShownBid.class);
    bids()
        .mapValues(bid -> new NexmarkModel.ShownBid(bid.auction(), bid.price(), bid.bidder(), bid.dateTime(), bid.extra()))
        .groupByKey(Grouped.with(LONG, shown))
        .windowedBy(TimeWindows.ofSizeWithNoGrace(WINDOW))
        .reduce(
            NexmarkQueries::higher,
            Materialized.<Long, NexmarkModel.ShownBid, WindowStore<Bytes, byte[]>>as("highest-of-auctions")
                .withKeySerde(LONG)
                .withValueSerde(shown))
        .toStream()
        .map((windowed, bid) -> KeyValue.pair(windowed.window().start(), bid))
        .groupByKey(Grouped.with(LONG, shown))
        .reduce(NexmarkQueries::higher, stored("highest-of-all", NexmarkModel.ShownBid.class))
        .toStream()
        .to(output, Produced.with(LONG, shown));
  }

  private static NexmarkModel.ShownBid higher(NexmarkModel.ShownBid one, NexmarkModel.ShownBid other) {
    if (one.price() != other.price()) return one.price() > other.price() ? one : other;
    return one.dateTime() <= other.dateTime() ? one : other;
  }

  private void newUsers() {
    KStream<Long, NexmarkModel.Arrival> arrivals =
        persons().mapValues(person -> new NexmarkModel.Arrival(person.id(), person.name(), person.dateTime()));
    KStream<Long, Long> sales = auctions().map((id, auction) -> KeyValue.pair(auction.seller(), auction.dateTime()));
    arrivals
        .join(
            sales,
            NexmarkQueries::newUser,
            JoinWindows.ofTimeDifferenceAndGrace(WINDOW, GRACE),
            StreamJoined.with(LONG, json(NexmarkModel.Arrival.class), LONG))
        .filter((id, user) -> user != null)
        .to(output, Produced.with(LONG, json(NexmarkModel.NewUser.class)));
  }

  private static NexmarkModel.NewUser newUser(NexmarkModel.Arrival arrival, long auctionTime) {
    long startTime = arrival.dateTime() - arrival.dateTime() % WINDOW_MS;
    if (auctionTime < startTime || auctionTime >= startTime + WINDOW_MS) return null;
    return new NexmarkModel.NewUser(arrival.id(), arrival.name(), startTime);
  }

  private KStream<Long, NexmarkModel.Person> persons() {
    return builder.stream("nexmark-more-person", Consumed.with(LONG, json(NexmarkModel.Person.class)));
  }

  private KStream<Long, NexmarkModel.Auction> auctions() {
    return builder.stream("nexmark-more-auction", Consumed.with(LONG, json(NexmarkModel.Auction.class)));
  }

  private KStream<Long, NexmarkModel.Bid> bids() {
    return builder.stream("nexmark-bid", Consumed.with(LONG, json(NexmarkModel.Bid.class)));
  }

  private static <T> Materialized<Long, T, KeyValueStore<Bytes, byte[]>> stored(String name, Class<T> type) {
    return Materialized.<Long, T, KeyValueStore<Bytes, byte[]>>as(name).withKeySerde(LONG).withValueSerde(json(type));
  }

  private static <T> Serde<T> json(Class<T> type) {
    return new NexmarkJson<>(type);
  }
}
