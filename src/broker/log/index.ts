/** The partition log: storage, idempotence, transactions and cleaning of one partition, and a directory of many. */

export { readMetaProperties, writeMetaProperties } from './checkpoint-files.ts';
export { type LogFileSystem, nodeFileSystem, type OpenMode } from './file-system.ts';
export { type LogConfig, parseLogConfig } from './log-config.ts';
export { type FoundPartition, LogDirectory, type LogDirectoryOptions, type OpenPartition } from './log-directory.ts';
export { createLogResources, type LogEvent, type LogResourceOptions, type LogResources } from './log-resources.ts';
export { PartitionLog } from './partition-log.ts';
export type { PartitionLogOptions } from './partition-log-options.ts';
