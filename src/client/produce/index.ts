/** Producing record batches. */
export type { ProducerOptions } from './options.ts';
export type { Delivered } from './pending-batch.ts';
export { BatchProducer, type ProducedBatches } from './producer.ts';
