export * from './client.ts';
export * from './codec.ts';
export type { EventDialect } from './dialect.ts';
export { EVENT_DIALECTS } from './dialects.ts';
export * from './duration.ts';
export * from './serve.ts';
export * from './subscription-store.ts';
