export type { AccessCheck } from './access.ts';
export * from './node.ts';
export { decodingRequest, PayloadError, type Tokens } from './payload.ts';
export * from './thing.ts';
