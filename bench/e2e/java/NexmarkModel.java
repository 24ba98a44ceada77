import java.util.List;

/** The events of Nexmark, and what its queries make of them; the same fields in the same order as in TypeScript. */
public final class NexmarkModel {
  private NexmarkModel() {}

  public record Person(
      long id, String name, String emailAddress, String creditCard, String city, String state, long dateTime, String extra) {}

  public record Auction(
      long id, String itemName, String description, long initialBid, long reserve, long dateTime, long expires, long seller,
      long category, String extra) {}

  public record Bid(long auction, long bidder, long price, String channel, String url, long dateTime, String extra) {}

  // q0, q1, q2

  public record PlainBid(long auction, long bidder, long price, long dateTime, String extra) {}

  public record Selected(long auction, long price) {}

  // q3

  public record Home(String name, String city, String state) {}

  public record LocalItem(String name, String city, String state, long auction) {}

  // q4, q6

  public record BidOnAuction(Bid bid, Auction auction) {}

  /** {@code previous} is null for an auction's first bid. */
  public record WinningBid(long auction, long category, long seller, long price, Long previous, long dateTime) {}

  public record PriceTotal(long sum, long count) {}

  public record CategoryAverage(long category, long average) {}

  public record Sale(long auction, long price, long dateTime) {}

  public record SellerAverage(long seller, long average) {}

  // q5, q7

  public record BidCount(long auction, long count) {}

  public record Hottest(long count, List<Long> auctions) {}

  public record ShownBid(long auction, long price, long bidder, long dateTime, String extra) {}

  // q8

  public record Arrival(long id, String name, long dateTime) {}

  public record NewUser(long id, String name, long startTime) {}
}
