export * from './client.ts';
export * from './codec.ts';
export * from './form.ts';
export * from './open-form.ts';
export * from './parameter.ts';
export { formatParameterValue, parseParameterValue } from './parameter-value.ts';
export * from './present-value.ts';
export * from './serve.ts';
