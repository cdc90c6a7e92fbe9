export * from './client.ts';
export * from './codec.ts';
export * from './event-logger.ts';
export * from './query-codec.ts';
export type { TagType } from './tag-type.ts';
export * from './tell-event-log.ts';
