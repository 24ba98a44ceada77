export * from './frames.ts';
export * from './headers.ts';
export * from './splitter.ts';
