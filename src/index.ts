/**
 * Millrace: Kafka Streams for TypeScript, on worker threads.
 *
 * ```ts
 * import { Serdes, StreamsBuilder } from 'millrace';
 * ```
 */

// Finite jobs for `millrace run`.
export type { Job, JobContext, JobOption, JobTopic } from './cli/job.ts';
export type { JobKafka, ReadRecord, TopicWriter } from './cli/job-kafka.ts';
// Running a topology.
export type { KafkaNamedConfig, KafkaStreamsConfig, ProcessingGuarantee } from './config.ts';
// The DSL: streams and tables.
export {
  BranchedKStream,
  type Branches,
  type BranchOptions,
  type ConsumedOptions,
  type FixedKeyProcessor,
  type FixedKeyProcessorContext,
  type FixedKeyProcessorSupplier,
  type FixedKeyRecord,
  GlobalKTable,
  type GroupedOptions,
  type JoinedOptions,
  JoinWindows,
  KGroupedStream,
  KStream,
  KTable,
  loadTopology,
  type MaterializedOptions,
  type NamedOptions,
  type PrintOptions,
  type ProcessOptions,
  type ProducedOptions,
  type RepartitionedOptions,
  type StoredOptions,
  type StreamJoinedOptions,
  StreamsBuilder,
  type StreamsBuilderOptions,
  type TableOptions,
  TimeWindowedKStream,
  TimeWindows,
  type WindowMaterializedOptions,
  type WindowStoredOptions,
} from './dsl/index.ts';
// Errors: one class, a closed list of codes.
export { type ErrorCode, isMillraceError, MillraceError } from './errors.ts';
export {
  KafkaStreams,
  type KafkaStreamsOptions,
  type State,
  type StateListener,
  type StreamsLogger,
  type UncaughtExceptionHandler,
} from './kafka-streams.ts';
// Serdes: how keys and values become bytes.
export { type Serde, Serdes, type SerdeType, type TimeWindow, type Windowed } from './serde/index.ts';
// What `context.getStateStore` returns, by the kind of the store.
export type {
  KeyValue,
  KeyValueStore,
  StoreIterator,
  TimestampedKeyValueStore,
  TimestampedWindowStore,
  ValueAndTimestamp,
  WindowStore,
  WindowValue,
} from './state/read-only.ts';
export type { StoreKind, StoreSpec } from './state/store-spec.ts';
// What to do about bad records and failing functions.
export type {
  Cancellable,
  ConsumedRecord,
  DeserializationExceptionHandler,
  ErrorContext,
  ForwardRecord,
  HandlerResponse,
  Header,
  Headers,
  ProcessingExceptionHandler,
  Processor,
  ProcessorContext,
  ProcessorRecord,
  ProcessorSupplier,
  ProductionExceptionHandler,
  PunctuationType,
  RecordContext,
  RecordMetadata,
  StreamPartitioner,
  TimestampExtractor,
  TopicNameExtractor,
} from './topology/index.ts';
// The low-level API: processors and stores put together by name.
export {
  type GlobalStoreOptions,
  type LoggingOption,
  type SinkOptions,
  type SourceOptions,
  type StoreOptions,
  Stores,
  Topology,
  type TopologyDescription,
  type TopologyOptions,
  type WindowStoreOptions,
} from './topology/index.ts';
