export * from './client.ts';
export * from './codec.ts';
export * from './field.ts';
