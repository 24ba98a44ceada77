/** What the group and the transaction coordinator share. */
export * from './codes.ts';
export * from './config.ts';
export * from './deadline.ts';
export * from './deps.ts';
export * from './handler-map.ts';
export * from './internal-topic.ts';
export * from './readiness.ts';
export * from './replay.ts';
export * from './seams.ts';
export * from './versioned.ts';
