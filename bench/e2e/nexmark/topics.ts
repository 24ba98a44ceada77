/**
 * One topic per kind of event, as a Kafka user keeps them: with one topic for all, every query would read and decode the 92%
 * that are bids. Keys are int64: persons by their id, auctions by theirs, and bids by their auction, so that what is asked
 * about auctions (q4 to q7) needs no repartitioning; sellers (q3, q6, q8) do.
 */
export const PERSONS = 'nexmark-person';
export const AUCTIONS = 'nexmark-auction';
export const BIDS = 'nexmark-bid';
/** Of a stream five times as long, for q3 and q8, which read no bids: else they would be done before they are warm. */
export const MORE_PERSONS = 'nexmark-more-person';
export const MORE_AUCTIONS = 'nexmark-more-auction';
