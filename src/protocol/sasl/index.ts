export * from './plain.ts';
export * from './scram-keys.ts';
export * from './scram-mechanism.ts';
export * from './scram-messages.ts';
export * from './scram-parse.ts';
