import {
  type Alignment,
  type DatatypeRepresentation,
  DEFAULT_LIMITS,
  type ExiLimits,
  type ExiOptionsInput,
} from '@thingward/exi';
import type { Command } from 'commander';
import { UsageError } from './errors.ts';

/** Options of EXI, named as in its options document. @see EXI 1.0 §5.4 */
export interface ExiCommandOptions {
  readonly alignment?: string;
  readonly compression?: boolean;
  readonly strict?: boolean;
  readonly fragment?: boolean;
  readonly preserve?: string;
  readonly selfContained?: boolean | string;
  readonly datatypeRepresentationMap?: readonly string[];
  readonly blockSize?: string;
  readonly valueMaxLength?: string;
  readonly valuePartitionCapacity?: string;
  readonly schemaId?: string;
}

const ALIGNMENTS = ['bit-packed', 'byte-packed', 'pre-compression', 'compression'] as const satisfies Alignment[];
const PRESERVE = ['comments', 'pis', 'dtd', 'prefixes', 'lexicalValues'] as const;
const LIMITS = Object.keys(DEFAULT_LIMITS) as (keyof ExiLimits)[];
const EXI_NAMESPACE = 'http://www.w3.org/2009/exi';
const XSD_NAMESPACE = 'http://www.w3.org/2001/XMLSchema';

/** Adds the options of EXI to a command. */
export function withExiOptions(command: Command): Command {
  return command
    .option('--alignment <how>', `${ALIGNMENTS.join(', ')} (default: bit-packed)`)
    .option('--compression', 'the same as --alignment compression')
    .option('--strict', 'only what the schema allows')
    .option('--fragment', 'any number of elements, not one document')
    .option('--preserve <list>', PRESERVE.join(', '))
    .option('--selfContained [names]', 'elements that can be decoded on their own: local names, with commas between')
    .option('--blockSize <n>', 'values in a block of compression and pre-compression')
    .option('--valueMaxLength <n>', 'characters of the longest string that enters the string table')
    .option('--valuePartitionCapacity <n>', 'strings in the string table')
    .option('--schemaId <id>', 'what the header says of the schema; "" means the types of XML Schema only')
    .option(
      '--datatypeRepresentationMap <type=representation>',
      'how values of a type are represented, such as xsd:decimal=exi:string or {urn:x}T=exi:integer; may be repeated',
      (value: string, before: readonly string[] = []) => [...before, value],
    );
}

/** @throws UsageError */
export function parseExiOptions(options: ExiCommandOptions): ExiOptionsInput {
  const { alignment, compression, blockSize, valueMaxLength, valuePartitionCapacity } = options;
  if (compression && alignment !== undefined && alignment !== 'compression') {
    throw new UsageError(`--compression excludes --alignment ${alignment}`);
  }
  const preserve = namesOf('--preserve', options.preserve, PRESERVE);
  return {
    alignment: compression ? 'compression' : oneOf('--alignment', alignment ?? 'bit-packed', ALIGNMENTS),
    strict: options.strict ?? false,
    fragment: options.fragment ?? false,
    selfContained: options.selfContained !== undefined,
    preserve: Object.fromEntries(preserve.map((name) => [name, true])),
    datatypeRepresentationMap: (options.datatypeRepresentationMap ?? []).map(parseRepresentation),
    ...(blockSize === undefined ? {} : { blockSize: count('--blockSize', blockSize, 1) }),
    ...(valueMaxLength === undefined ? {} : { valueMaxLength: count('--valueMaxLength', valueMaxLength, 0) }),
    ...(valuePartitionCapacity === undefined
      ? {}
      : { valuePartitionCapacity: count('--valuePartitionCapacity', valuePartitionCapacity, 0) }),
    ...(options.schemaId === undefined ? {} : { schemaId: options.schemaId }),
  };
}

/** Adds an option that raises (or lowers) what one document may take. */
export function withExiLimits(command: Command): Command {
  return command.option(
    '--limit <name=n>',
    `what the document may take, such as maxEvents=5000000, may be repeated: ${LIMITS.join(', ')}`,
    (value: string, before: readonly string[] = []) => [...before, value],
  );
}

/** `maxEvents=5000000` and its like. @throws UsageError */
export function parseExiLimits(texts: readonly string[] = []): Partial<ExiLimits> {
  return Object.fromEntries(
    texts.map((text) => {
      const [name = '', value = '', ...rest] = text.split('=');
      if (rest.length > 0 || value === '') {
        throw new UsageError(`--limit needs NAME=NUMBER, such as maxEvents=5000000, got "${text}"`);
      }
      return [oneOf('--limit', name, LIMITS), count(`--limit ${name}`, value, 1)];
    }),
  );
}

function oneOf<Name extends string>(option: string, value: string, names: readonly Name[]): Name {
  const name = names.find((each) => each === value);
  if (name === undefined) throw new UsageError(`${option} does not know "${value}"; there are: ${names.join(', ')}`);
  return name;
}

function namesOf<Name extends string>(
  option: string,
  list: string | undefined,
  names: readonly Name[],
): readonly Name[] {
  const items = list?.split(',').map((item) => item.trim()) ?? [];
  return items.filter((item) => item !== '').map((item) => oneOf(option, item, names));
}

function count(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > 0xffffffff) {
    throw new UsageError(`${option} needs a whole number from ${least}, got "${text}"`);
  }
  return value;
}

/** `xsd:decimal=exi:string`, or `{namespace}name` on either side. */
export function parseRepresentation(text: string): DatatypeRepresentation {
  const match = /^(\{[^}]*\}[^=]+|[^={]+)=(.+)$/.exec(text);
  const type = match && qname(match[1] as string);
  const representation = match && qname(match[2] as string);
  if (!type || !representation) {
    throw new UsageError(
      `--datatypeRepresentationMap needs TYPE=REPRESENTATION, such as xsd:decimal=exi:string, got "${text}"`,
    );
  }
  return { type, representation };
}

function qname(text: string): { namespace: string; name: string } | undefined {
  const expanded = /^\{([^}]*)\}(.+)$/.exec(text);
  if (expanded) return { namespace: expanded[1] as string, name: expanded[2] as string };
  const [prefix, name] = text.split(':');
  if (name === undefined || name === '') return undefined;
  if (prefix === 'exi') return { namespace: EXI_NAMESPACE, name };
  return prefix === 'xsd' || prefix === 'xs' ? { namespace: XSD_NAMESPACE, name } : undefined;
}
