export * from './codec.ts';
export * from './layout.ts';
export * from './send.ts';
export * from './split.ts';
export * from './text.ts';
