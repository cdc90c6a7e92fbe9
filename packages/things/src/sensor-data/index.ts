export * from './client.ts';
export * from './codec.ts';
export * from './field.ts';
export * from './historical-period.ts';
export * from './localization.ts';
export * from './quality.ts';
export { isSelected } from './selection.ts';
export * from './serve.ts';
