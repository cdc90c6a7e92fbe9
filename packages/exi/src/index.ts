export { builtInTypes } from './schema/built-in-types.ts';
export { type CompileOptions, compileSchema, targetNamespace } from './schema/compile.ts';
export type * from './schema/components.ts';
export { describeComponents } from './schema/describe.ts';
export type { ResolveSchema } from './schema/document-set.ts';
export { SchemaError, type SchemaErrorCode, type SchemaPosition } from './schema/error.ts';
export { DEFAULT_SCHEMA_LIMITS, type SchemaLimits } from './schema/limits.ts';
export type { SchemaDocument } from './schema/source.ts';
