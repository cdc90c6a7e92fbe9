export * from './client.ts';
export * from './codec.ts';
