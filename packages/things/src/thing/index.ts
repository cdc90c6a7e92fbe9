export type { AccessCheck, AccessDecision } from './access.ts';
export * from './friend-codec.ts';
export * from './node.ts';
export { MemoryOwnershipStore, type Ownership, type OwnershipStore } from './ownership.ts';
export { pause } from './pause.ts';
export { decodingRequest, PayloadError, type Tokens } from './payload.ts';
export * from './thing.ts';
export { ThingHost, type ThingHostOptions } from './thing-host.ts';
export { isTimeZone } from './xml-schema-values.ts';
