export * from './node.ts';
export * from './thing.ts';
