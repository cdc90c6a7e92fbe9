export * from './client.ts';
export * from './codec.ts';
export * from './document.ts';
export * from './follow.ts';
export * from './teds.ts';
