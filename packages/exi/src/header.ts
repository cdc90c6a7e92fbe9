import type { BitReader } from './bits/bit-reader.ts';
import type { BitWriter } from './bits/bit-writer.ts';
import { BodyDecoder } from './body-decoder.ts';
import { BodyEncoder } from './body-encoder.ts';
import { shortestDeflate } from './compression/shortest-deflate.ts';
import { ElementReader } from './element-reader.ts';
import { ExiError } from './error.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { ExiOptions, ExiOptionsInput } from './options.ts';
import { OPTIONS_OF_OPTIONS, optionsElement, optionsGrammars, parseOptions } from './options-document.ts';

const COOKIE = [0x24, 0x45, 0x58, 0x49]; // $EXI
const DISTINGUISHING_BITS = 2;
const MORE_VERSION = 15;
/** The options document of a header is small. */
const HEADER_LIMITS = {
  ...DEFAULT_LIMITS,
  maxDepth: 16,
  maxValueLength: 4096,
  maxEvents: 1024,
  maxStringTableEntries: 256,
};

/** What stands before the body. */
export interface HeaderOptions {
  /** Begin with `$EXI`. */
  readonly cookie: boolean;
  /** Tell the options. */
  readonly options: boolean;
}

/** @see EXI 1.0 §5 */
export function writeHeader(out: BitWriter, header: HeaderOptions, options: ExiOptions): void {
  out.aligned = false;
  if (header.cookie) for (const byte of COOKIE) out.writeByte(byte);
  out.writeBits(DISTINGUISHING_BITS, 2);
  out.writeBoolean(header.options);
  out.writeBits(0, 5); // final version 1
  if (header.options) {
    const encoder = new BodyEncoder(out, {
      grammars: optionsGrammars(),
      options: OPTIONS_OF_OPTIONS,
      limits: HEADER_LIMITS,
      whiteSpace: 'preserve',
      numbers: 'as-written',
      deflate: shortestDeflate,
      isSelfContained: undefined,
      usesProfile: false,
    });
    encoder.startDocument();
    encoder.element(optionsElement(options));
    encoder.endDocument(false);
  }
  if (options.alignment !== 'bit-packed') out.align();
}

/**
 * Reads what stands before the body.
 * @returns the options it tells; undefined when it tells none. Padding behind it is not yet skipped.
 * @throws ExiError; IncompleteInput
 * @see EXI 1.0 §5
 */
export function readHeader(input: BitReader): ExiOptionsInput | undefined {
  input.aligned = false;
  input.require(1);
  if (input.bytes[input.at] === COOKIE[0]) {
    for (const byte of COOKIE) if (input.readByte() !== byte) throw notExi('neither a cookie nor a header', input);
  }
  if (input.readBits(2) !== DISTINGUISHING_BITS) throw notExi('no header of EXI', input);
  const hasOptions = input.readBoolean();
  const isPreview = input.readBoolean();
  const version = input.readBits(4);
  if (isPreview || version !== 0) {
    const name = version === MORE_VERSION ? 'above 15' : String(version + 1);
    throw new ExiError('unsupported', `version ${name} of EXI${isPreview ? ' (preview)' : ''}`, input.position);
  }
  return hasOptions ? readOptions(input) : undefined;
}

function readOptions(input: BitReader): ExiOptionsInput {
  const decoder = new BodyDecoder(input, {
    grammars: optionsGrammars(),
    options: OPTIONS_OF_OPTIONS,
    limits: HEADER_LIMITS,
    isIncremental: false,
    isPadded: false,
    usesProfile: false,
  });
  const reader = new ElementReader(decoder, () => input.position);
  const element = reader.read();
  if (element?.name !== 'header') throw input.malformed('the options document has another root than header');
  if (reader.read() !== undefined) throw input.malformed('the options document has two roots');
  return parseOptions(element);
}

function notExi(message: string, input: BitReader): ExiError {
  return new ExiError('not-exi', message, input.position);
}
