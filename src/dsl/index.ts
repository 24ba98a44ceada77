export { BranchedKStream, type Branches, type BranchOptions } from './branched.ts';
export type {
  FixedKeyProcessor,
  FixedKeyProcessorContext,
  FixedKeyProcessorSupplier,
  FixedKeyRecord,
} from './fixed-key.ts';
export { GlobalKTable } from './global-ktable.ts';
export { KGroupedStream } from './grouped-stream.ts';
export { JoinWindows } from './join-windows.ts';
export { KStream } from './kstream.ts';
export { KTable } from './ktable.ts';
export { loadTopology } from './load.ts';
export type {
  ConsumedOptions,
  GroupedOptions,
  JoinedOptions,
  MaterializedOptions,
  NamedOptions,
  PrintOptions,
  ProcessOptions,
  ProducedOptions,
  RepartitionedOptions,
  StoredOptions,
  StreamJoinedOptions,
  TableOptions,
  WindowMaterializedOptions,
  WindowStoredOptions,
} from './options.ts';
export { StreamsBuilder, type StreamsBuilderOptions } from './streams-builder.ts';
export { TimeWindowedKStream } from './time-windowed-stream.ts';
export { TimeWindows } from './windows.ts';
