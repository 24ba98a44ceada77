/** The partition log: storage, idempotence, transactions and cleaning of one partition, and a directory of many. */
export { PartitionLog, type PartitionLogOptions } from './partition-log.ts';
export { LogDirectory, type FoundPartition, type LogDirectoryOptions, type OpenPartition } from './log-directory.ts';
export { createLogResources, type LogEvent, type LogResourceOptions, type LogResources } from './log-resources.ts';
export { nodeFileSystem, type LogFileSystem, type OpenMode } from './file-system.ts';
export { parseLogConfig, type LogConfig } from './log-config.ts';
export { readMetaProperties, writeMetaProperties } from './checkpoint-files.ts';
