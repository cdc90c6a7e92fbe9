export type * from './schema/components.ts';
