export * from './define.ts';
export * from './fields.ts';
export * from './messages.ts';
export type { VersionRange, Versions } from './version-range.ts';
