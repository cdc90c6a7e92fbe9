export * from './meta-tag.ts';
