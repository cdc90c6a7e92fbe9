export * from './client.ts';
export * from './codec.ts';
export * from './field.ts';
export { isSelected } from './selection.ts';
export * from './serve.ts';
