export * from './builder.ts';
export * from './control.ts';
export * from './cursor.ts';
export * from './header.ts';
export * from './types.ts';
