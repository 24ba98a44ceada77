export type { TopologyOptions } from './definitions.ts';
export type {
  GlobalStoreDescription,
  NodeDescription,
  ProcessorDescription,
  SinkDescription,
  SourceDescription,
  SubTopologyDescription,
  TopologyDescription,
} from './describe.ts';
export * from './handlers.ts';
export * from './internal-topics.ts';
export * from './nodes.ts';
export * from './operators.ts';
export * from './processor-api.ts';
export { type LoggingOption, type StoreOptions, Stores, type WindowStoreOptions } from './stores.ts';
export { type GlobalStoreOptions, type SinkOptions, type SourceOptions, Topology } from './topology.ts';
