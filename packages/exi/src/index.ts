export type { NumberPolicy, WhiteSpacePolicy } from './body-encoder.ts';
export type { Deflate } from './compression/deflate.ts';
export { type ExiConfiguration, ExiDecoder, type ExiDecoderSettings } from './decoder.ts';
export { ExiEncoder, type ExiEncoderSettings } from './encoder.ts';
export { ExiError, type ExiErrorCode } from './error.ts';
export type { ExiEvent } from './events.ts';
export { buildGrammars, type GrammarLimits } from './grammar/build-grammars.ts';
export { Grammars, SCHEMA_LESS } from './grammar/grammars.ts';
export { deserializeGrammars, serializeGrammars } from './grammar/serialized-grammars.ts';
export { DEFAULT_LIMITS, type ExiLimits } from './limits.ts';
export {
  type Alignment,
  type DatatypeRepresentation,
  DEFAULT_OPTIONS,
  type ExiOptions,
  type ExiOptionsInput,
  type Preserve,
} from './options.ts';
export { builtInTypes } from './schema/built-in-types.ts';
export { type CompileOptions, compileSchema, targetNamespace } from './schema/compile.ts';
export type * from './schema/components.ts';
export { describeComponents } from './schema/describe.ts';
export type { ResolveSchema } from './schema/document-set.ts';
export { SchemaError, type SchemaErrorCode, type SchemaPosition } from './schema/error.ts';
export { DEFAULT_SCHEMA_LIMITS, type SchemaLimits } from './schema/limits.ts';
export type { SchemaDocument } from './schema/source.ts';
export { xmlEvents } from './xml/xml-events.ts';
export { XmlWriter, xmlText } from './xml/xml-writer.ts';
