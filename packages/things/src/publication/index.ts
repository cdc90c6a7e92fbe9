export * from './find.ts';
export * from './follow.ts';
export * from './item-number.ts';
export { PublicationError } from './node-setup.ts';
export * from './publication.ts';
export * from './publication-queue.ts';
export * from './publisher.ts';
export * from './read-access.ts';
export { ReadingFilter } from './reading-filter.ts';
