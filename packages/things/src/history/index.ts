export * from './client.ts';
export * from './codec.ts';
export * from './historical-thing.ts';
export type { HistorySelection, HistorySource } from './source.ts';
export * from './stored-codec.ts';
