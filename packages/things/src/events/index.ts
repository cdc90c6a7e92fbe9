export * from './client.ts';
export * from './codec.ts';
export * from './duration.ts';
export * from './serve.ts';
export * from './subscription-store.ts';
