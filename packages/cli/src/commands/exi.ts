import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { deflateSync } from 'node:zlib';
import {
  buildGrammars,
  describeComponents,
  ExiDecoder,
  ExiEncoder,
  ExiError,
  type ExiEvent,
  type ExiLimits,
  type Grammars,
  SCHEMA_LESS,
  serializeGrammars,
  XmlWriter,
  xmlEvents,
} from '@thingward/exi';
import { loadGrammars, loadSchema, nodeDeflate, verifyManifest } from '@thingward/exi/node';
import { Command } from 'commander';
import { CommandError, UsageError } from '../errors.ts';
import {
  type ExiCommandOptions,
  parseExiLimits,
  parseExiOptions,
  withExiLimits,
  withExiOptions,
} from '../exi-options.ts';
import { type OutputOptions, printJson, say } from '../output.ts';
import { xmlFileText } from '../xml-file.ts';

interface CodecOptions extends ExiCommandOptions, OutputOptions {
  readonly schema?: readonly string[];
  readonly output?: string;
}

interface EncodeOptions extends CodecOptions {
  readonly header: boolean;
  readonly cookie?: boolean;
  readonly headerOptions?: boolean;
  readonly whitespace?: boolean;
  readonly shortestNumbers?: boolean;
}

interface DecodeOptions extends CodecOptions {
  readonly header: boolean;
  readonly limit?: readonly string[];
}

/** What a document takes that its own user encodes is for him to know. */
const NO_LIMITS: Partial<ExiLimits> = {
  maxDepth: Number.POSITIVE_INFINITY,
  maxStringTableEntries: Number.POSITIVE_INFINITY,
  maxLearnedProductions: Number.POSITIVE_INFINITY,
};

export function exiCommand(): Command {
  const command = new Command('exi').description('Efficient XML Interchange: XML in few bytes, and back');
  withExiOptions(withFiles(command.command('encode').argument('[file]', 'XML; standard input when not given')))
    .description('encode an XML document')
    .option('--cookie', 'begin with $EXI')
    .option('--headerOptions', 'tell the options in the header, so that the reader need not know them')
    .option('--no-header', 'the body alone')
    .option('--whitespace', 'keep white space between elements, too')
    .option('--shortestNumbers', 'floating-point numbers in the fewest bits: 21.50 becomes 21.5')
    .option('--json', 'sizes as JSON, beside the bytes that go to --output')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward exi encode reading.xml -o reading.exi --schema sensordata.xsd\n  thingward exi encode --compression --headerOptions < log.xml > log.exi',
    )
    .action(encode);
  withExiLimits(
    withExiOptions(withFiles(command.command('decode').argument('[file]', 'EXI; standard input when not given'))),
  )
    .description('decode an EXI document; options told in its header need not be given')
    .option('--no-header', 'it is a body alone')
    .option('--json', 'one JSON object per event')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward exi decode reading.exi --schema sensordata.xsd\n  thingward exi encode a.xml | thingward exi decode --json',
    )
    .action(decode);
  command
    .command('schema')
    .argument('<files...>', 'XML Schema documents; those they import and include are looked for beside them')
    .description('compile a schema to grammars, and store them for --schema and for devices')
    .option('-o, --output <file>', 'where the grammars go')
    .option('--json', 'what came of it as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward exi schema sensordata.xsd\n  thingward exi schema client.xsd control.xsd -o stanzas.grammars',
    )
    .action(schema);
  command
    .command('verify')
    .argument('<manifest>', 'a JSON file that lists documents, their options and the bytes to be made of them')
    .description('compare with what another implementation has made: decode always, encode where it must be the same')
    .option('--json', 'one JSON object per vector')
    .addHelpText('after', '\nExamples:\n  thingward exi verify packages/exi/test/vectors/manifest.json')
    .action(verify);
  return command;
}

function withFiles(command: Command): Command {
  return command
    .option(
      '--schema <file>',
      'an XML Schema document, may be repeated; or grammars stored by "thingward exi schema"',
      (file: string, before: readonly string[] = []) => [...before, file],
    )
    .option('-o, --output <file>', 'where the result goes; standard output when not given');
}

async function encode(file: string | undefined, options: EncodeOptions): Promise<void> {
  if (options.json && options.output === undefined) throw new UsageError('--json needs --output for the bytes');
  const source = await read(file);
  const text = xmlFileText(source);
  const { selfContained } = options;
  const names =
    typeof selfContained === 'string' ? new Set(selfContained.split(',').map((name) => name.trim())) : undefined;
  const bytes = usage(() => {
    const encoder = new ExiEncoder({
      options: parseExiOptions(options),
      grammars: grammarsOf(options.schema),
      header: options.header && { cookie: options.cookie ?? false, options: options.headerOptions ?? false },
      whiteSpace: options.whitespace ? 'preserve' : 'drop-insignificant',
      numbers: options.shortestNumbers ? 'shortest' : 'as-written',
      deflate: nodeDeflate,
      limits: NO_LIMITS,
      isSelfContained: names && ((_namespace, name) => names.has(name)),
    });
    return encoder.encode(options.fragment ? fragmentEvents(text) : xmlEvents(text));
  });
  write(options.output, bytes);
  const sizes = { exi: bytes.length, xml: source.length, zlib: deflateSync(source).length };
  if (options.json) printJson(sizes);
  else if (options.output !== undefined) {
    say(`${sizes.exi} bytes; as XML ${sizes.xml}, that deflated ${sizes.zlib}`);
  }
}

/** A fragment is given as one document: it is what its root element holds. */
function* fragmentEvents(text: string): Generator<ExiEvent> {
  let depth = 0;
  let isInRootTag = false;
  for (const event of xmlEvents(text)) {
    if (event.kind === 'endElement') depth--;
    const isOfRoot: boolean = isInRootTag && (event.kind === 'namespace' || event.kind === 'attribute');
    const isRoot = depth === 0 && (event.kind === 'startElement' || event.kind === 'endElement');
    isInRootTag = isOfRoot || (isRoot && event.kind === 'startElement');
    if (event.kind === 'startElement') depth++;
    if (!isRoot && !isOfRoot) yield event;
  }
}

async function decode(file: string | undefined, options: DecodeOptions): Promise<void> {
  const grammars = grammarsOf(options.schema);
  const decoder = usage(
    () =>
      new ExiDecoder({
        options: parseExiOptions(options),
        grammars,
        // What --schema names is what the header means.
        resolveSchema: () => (options.schema === undefined ? undefined : grammars),
        headerBefore: options.header ? 'each' : 'none',
        limits: parseExiLimits(options.limit),
      }),
  );
  const writer = new XmlWriter();
  const parts: string[] = [];
  const source = file === undefined ? process.stdin : createReadStream(file);
  const take = () =>
    usage(() => {
      try {
        for (let event = decoder.next(); event; event = decoder.next()) {
          if (options.json) printJson(event);
          else parts.push(writer.write(event));
        }
      } catch (error) {
        if (!(error instanceof ExiError) || error.code !== 'malformed' || options.schema !== undefined) throw error;
        throw new CommandError(`${error.message}; if it was encoded with a schema, give that by --schema`, {
          cause: error,
        });
      }
    });
  for await (const chunk of source) {
    usage(() => decoder.push(chunk as Uint8Array));
    take();
  }
  decoder.end();
  take();
  if (decoder.isInside) throw new CommandError('the document does not end');
  if (!options.json) write(options.output, Buffer.from(`${parts.join('')}\n`));
}

function schema(files: string[], options: OutputOptions & { readonly output?: string }): void {
  const started = performance.now();
  const components = loadSchema(files);
  const grammars = buildGrammars(components);
  const milliseconds = Math.round(performance.now() - started);
  const bytes = serializeGrammars(grammars);
  if (options.output !== undefined) writeFileSync(options.output, bytes);
  const summary = {
    namespaces: [...components.namespaces],
    elements: components.allElements.length,
    attributes: components.allAttributes.length,
    grammars: grammars.data?.grammars.length ?? 0,
    datatypes: grammars.datatypes.length,
    bytes: bytes.length,
    milliseconds,
  };
  if (options.json) {
    printJson(summary);
    return;
  }
  process.stdout.write(`${describeComponents(components)}\n`);
  say(`${summary.grammars} grammars in ${bytes.length} bytes, made in ${milliseconds} ms`);
}

function verify(manifest: string, options: OutputOptions): void {
  let matched = 0;
  let failed = 0;
  for (const { vector, decodeFailure, encodeFailure } of verifyManifest(manifest)) {
    const isFine = decodeFailure === undefined && encodeFailure === undefined;
    if (isFine) matched++;
    else failed++;
    if (options.json)
      printJson({ exi: vector.exi, group: vector.group, matched: isFine, decodeFailure, encodeFailure });
    else if (!isFine) {
      process.stdout.write(
        `${vector.exi}: ${decodeFailure ? `decoding: ${decodeFailure}` : `encoding: ${encodeFailure}`}\n`,
      );
    }
  }
  if (options.json) say(`${matched} matched, ${failed} failed`);
  else process.stdout.write(`${matched} matched, ${failed} failed\n`);
  if (failed > 0) throw new CommandError(`${failed} of ${matched + failed} vectors failed`);
}

function grammarsOf(files: readonly string[] | undefined): Grammars {
  return files === undefined ? SCHEMA_LESS : loadGrammars(files);
}

async function read(file: string | undefined): Promise<Buffer> {
  return file === undefined ? buffer(process.stdin) : readFileSync(file);
}

function write(file: string | undefined, bytes: Uint8Array): void {
  if (file === undefined) process.stdout.write(bytes);
  else writeFileSync(file, bytes);
}

/** Options that contradict each other are the fault of the command line. */
function usage<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExiError && error.code === 'limit') throw new CommandError(`${error.message}; see --limit`);
    throw error instanceof ExiError && error.code === 'options' ? new UsageError(error.detail) : error;
  }
}
