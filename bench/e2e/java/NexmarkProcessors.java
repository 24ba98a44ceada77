import java.util.Arrays;
import java.util.Set;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.KeyValueStore;

/** What Nexmark's q3, q4 and q6 do below the DSL. */
public final class NexmarkProcessors {
  static final String HIGHEST = "highest-bids";
  static final String SELLERS = "sellers";
  static final String WAITING = "waiting-auctions";

  private NexmarkProcessors() {}

  /** Lets through what is higher than the highest bid so far. */
  static final class HighestBid implements FixedKeyProcessor<Long, NexmarkModel.BidOnAuction, NexmarkModel.WinningBid> {
    private FixedKeyProcessorContext<Long, NexmarkModel.WinningBid> context;
    private KeyValueStore<Long, Long> highest;

    @Override
    public void init(FixedKeyProcessorContext<Long, NexmarkModel.WinningBid> context) {
      this.context = context;
      this.highest = context.getStateStore(HIGHEST);
    }

    @Override
    public void process(FixedKeyRecord<Long, NexmarkModel.BidOnAuction> record) {
      NexmarkModel.Bid bid = record.value().bid();
      NexmarkModel.Auction auction = record.value().auction();
      Long previous = highest.get(record.key());
      if (previous != null && previous >= bid.price()) return;
      highest.put(record.key(), bid.price());
      context.forward(record.withValue(new NexmarkModel.WinningBid(
          record.key(), auction.category(), auction.seller(), bid.price(), previous, bid.dateTime())));
    }
  }

  /** One side of q3: a join without windows of two streams, either of which may come first. */
  private abstract static class Side<V> implements FixedKeyProcessor<Long, V, NexmarkModel.LocalItem> {
    private static final Set<String> LOCAL_STATES = Set.of("OR", "ID", "CA");

    protected KeyValueStore<Long, NexmarkModel.Home> sellers;
    protected KeyValueStore<Long, long[]> waiting;
    private FixedKeyProcessorContext<Long, NexmarkModel.LocalItem> context;

    @Override
    public void init(FixedKeyProcessorContext<Long, NexmarkModel.LocalItem> context) {
      this.context = context;
      this.sellers = context.getStateStore(SELLERS);
      this.waiting = context.getStateStore(WAITING);
    }

    protected void forward(FixedKeyRecord<Long, V> record, NexmarkModel.Home home, long auction) {
      if (!LOCAL_STATES.contains(home.state())) return;
      context.forward(record.withValue(new NexmarkModel.LocalItem(home.name(), home.city(), home.state(), auction)));
    }
  }

  static final class SellerSide extends Side<NexmarkModel.Person> {
    @Override
    public void process(FixedKeyRecord<Long, NexmarkModel.Person> record) {
      NexmarkModel.Person person = record.value();
      NexmarkModel.Home home = new NexmarkModel.Home(person.name(), person.city(), person.state());
      sellers.put(record.key(), home);
      long[] auctions = waiting.delete(record.key());
      if (auctions == null) return;
      for (long auction : auctions) forward(record, home, auction);
    }
  }

  static final class AuctionSide extends Side<NexmarkModel.Auction> {
    @Override
    public void process(FixedKeyRecord<Long, NexmarkModel.Auction> record) {
      long auction = record.value().id();
      NexmarkModel.Home home = sellers.get(record.key());
      if (home != null) {
        forward(record, home, auction);
        return;
      }
      long[] before = waiting.get(record.key());
      long[] after = before == null ? new long[1] : Arrays.copyOf(before, before.length + 1);
      after[after.length - 1] = auction;
      waiting.put(record.key(), after);
    }
  }
}
