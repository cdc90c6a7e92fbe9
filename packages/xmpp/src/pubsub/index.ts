export * from './namespaces.ts';
export { isPubSubError, type NodeAddress } from './node-address.ts';
export * from './node-event.ts';
export * from './node-options.ts';
export * from './node-owner.ts';
export * from './node-requests.ts';
export * from './subscription-approval.ts';
