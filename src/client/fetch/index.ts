/** Reading partitions as record batches. */
export type { FetchedRecords } from './fetched-records.ts';
export { BatchFetcher, type FetchFrom } from './fetcher.ts';
export type { FetcherOptions } from './options.ts';
