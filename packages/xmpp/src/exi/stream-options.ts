import type { ExiOptionsInput } from '@thingward/exi';
import type { AttributeInput, Element } from '@thingward/xml';
import { badFormat, optionalBoolean, optionalChoice, optionalPositiveInteger } from './values.ts';

const ALIGNMENTS = ['bit-packed', 'byte-alignment', 'pre-compression'] as const;

/** How stanzas are coded, as two sides agree on it; what is left out has its default. @see XEP-0322 §3.2, §7 */
export interface StreamOptions {
  readonly version: number;
  /** Means nothing where `compression` is set. */
  readonly alignment: (typeof ALIGNMENTS)[number];
  readonly compression: boolean;
  readonly strict: boolean;
  readonly preserveComments: boolean;
  readonly preservePIs: boolean;
  readonly preserveDTD: boolean;
  readonly preservePrefixes: boolean;
  readonly preserveLexical: boolean;
  readonly selfContained: boolean;
  readonly blockSize: number;
  /** Characters; undefined: any. */
  readonly valueMaxLength: number | undefined;
  /** Strings; undefined: any number. */
  readonly valuePartitionCapacity: number | undefined;
  /** Are string tables kept from one stanza to the next? */
  readonly sessionWideBuffers: boolean;
}

export const DEFAULT_STREAM_OPTIONS: StreamOptions = {
  version: 1,
  alignment: 'bit-packed',
  compression: false,
  strict: false,
  preserveComments: false,
  preservePIs: false,
  preserveDTD: false,
  preservePrefixes: false,
  preserveLexical: false,
  selfContained: false,
  blockSize: 1_000_000,
  valueMaxLength: undefined,
  valuePartitionCapacity: undefined,
  sessionWideBuffers: false,
};

/** What holds on a dedicated port before anything is negotiated. @see XEP-0322 §2.4.3 */
export const BINDING_STREAM_OPTIONS: StreamOptions = {
  ...DEFAULT_STREAM_OPTIONS,
  strict: true,
  valueMaxLength: 64,
  valuePartitionCapacity: 64,
};

/** The names of the options, in the order in which they are written. */
export const STREAM_OPTION_NAMES = Object.keys(DEFAULT_STREAM_OPTIONS) as readonly (keyof StreamOptions)[];

/** Attributes that say what is not the default. */
export function encodeStreamOptions(options: StreamOptions): AttributeInput {
  const attributes: Record<string, string | number | boolean | undefined> = {};
  for (const name of STREAM_OPTION_NAMES) {
    if (options[name] !== DEFAULT_STREAM_OPTIONS[name]) attributes[name] = options[name];
  }
  return attributes;
}

/** @throws StreamError `bad-format` for a value that an option does not have, and for options that exclude each other */
export function decodeStreamOptions(element: Element): StreamOptions {
  const defaults = DEFAULT_STREAM_OPTIONS;
  const flag = (name: keyof StreamOptions) => optionalBoolean(element, name) ?? false;
  const options: StreamOptions = {
    version: optionalPositiveInteger(element, 'version') ?? defaults.version,
    alignment: optionalChoice(element, 'alignment', ALIGNMENTS) ?? defaults.alignment,
    compression: flag('compression'),
    strict: flag('strict'),
    preserveComments: flag('preserveComments'),
    preservePIs: flag('preservePIs'),
    preserveDTD: flag('preserveDTD'),
    preservePrefixes: flag('preservePrefixes'),
    preserveLexical: flag('preserveLexical'),
    selfContained: flag('selfContained'),
    blockSize: optionalPositiveInteger(element, 'blockSize') ?? defaults.blockSize,
    valueMaxLength: optionalPositiveInteger(element, 'valueMaxLength'),
    valuePartitionCapacity: optionalPositiveInteger(element, 'valuePartitionCapacity'),
    sessionWideBuffers: flag('sessionWideBuffers'),
  };
  const conflict = conflictOf(options);
  if (conflict) throw badFormat(element, conflict);
  return options;
}

/** @see EXI 1.0 §5.4 */
function conflictOf(options: StreamOptions): string | undefined {
  const preserving = (['preserveComments', 'preservePIs', 'preserveDTD', 'preservePrefixes'] as const).find(
    (name) => options[name],
  );
  if (options.strict && preserving) return `strict and ${preserving} exclude each other`;
  if (!options.selfContained) return undefined;
  if (options.strict) return 'strict and selfContained exclude each other';
  const isReordered = options.compression || options.alignment === 'pre-compression';
  return isReordered ? 'compression and selfContained exclude each other' : undefined;
}

/** The same for the codec. */
export function codecOptions(options: StreamOptions): ExiOptionsInput {
  const { alignment, compression } = options;
  return {
    alignment: compression ? 'compression' : alignment === 'byte-alignment' ? 'byte-packed' : alignment,
    strict: options.strict,
    preserve: {
      comments: options.preserveComments,
      pis: options.preservePIs,
      dtd: options.preserveDTD,
      prefixes: options.preservePrefixes,
      lexicalValues: options.preserveLexical,
    },
    selfContained: options.selfContained,
    blockSize: options.blockSize,
    valueMaxLength: options.valueMaxLength,
    valuePartitionCapacity: options.valuePartitionCapacity,
  };
}
