import { writeFileSync } from 'node:fs';
import {
  decodeTeds,
  decodeTedsBlock,
  describeProblem,
  describeTeds,
  encodeTeds,
  encodeTedsBlock,
  formatHex,
  Ieee1451Error,
  type Teds,
  tedsFromJson,
  tedsFromXml,
  tedsProblems,
  tedsToJson,
  tedsToXml,
} from '@thingward/ieee1451';
import { parseElement } from '@thingward/xml';
import { Command } from 'commander';
import { CommandError } from '../errors.ts';
import { indentedXml } from '../indented-xml.ts';
import { type OutputOptions, printJson, say } from '../output.ts';
import { formatOctets, parseOctetFormat, parseOctets, readInput } from '../packet-input.ts';
import { tedsText } from '../teds-text.ts';

interface DecodeOptions extends OutputOptions {
  readonly hex?: string;
  readonly format?: string;
  readonly block?: boolean;
  readonly xml?: boolean;
  readonly keepChecksum?: boolean;
  readonly strict?: boolean;
}

interface EncodeOptions extends OutputOptions {
  readonly format: string;
  readonly output?: string;
  readonly block?: boolean;
}

export function tedsCommand(): Command {
  const command = new Command('teds').description('Transducer Electronic Data Sheets (IEEE 1451.0), readable and back');
  command
    .command('decode')
    .argument('[file]', 'a TEDS as octets, hexadecimal digits or base64; standard input when not given')
    .description('show what a TEDS says, and what is wrong with it')
    .option('--hex <digits>', 'the TEDS, in place of a file')
    .option('--format <format>', 'hex, base64 or binary; looked at when not given')
    .option('--block', 'it is the data block alone, without length and checksum')
    .option('--keep-checksum', 'show a TEDS whose checksum is wrong, too')
    .option('--strict', 'fail when anything is wrong with its fields')
    .option('--json', 'as JSON, which encode reads')
    .option('--xml', 'as XML, which encode reads')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward teds decode channel.teds\n  thingward teds decode --json channel.teds > channel.json\n  thingward teds decode --hex "0000000c 03040001 0101 0d020003 ffd7"',
    )
    .action(decode);
  command
    .command('encode')
    .argument('[file]', 'a TEDS in JSON or XML, as decode shows it; standard input when not given')
    .description('make the octets of a TEDS')
    .option('--format <format>', 'hex, base64 or binary', 'hex')
    .option('-o, --output <file>', 'where they go; standard output when not given')
    .option('--block', 'the data block alone, without length and checksum')
    .option('--json', 'the octets in hexadecimal and the problems, as JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  thingward teds encode channel.json --format binary -o channel.teds\n  echo '{"teds":"transducer-name","fields":[{"name":"format","value":"text"},{"name":"content","value":"Boiler"}]}' | thingward teds encode`,
    )
    .action(encode);
  return command;
}

async function decode(file: string | undefined, options: DecodeOptions): Promise<void> {
  const input = options.hex === undefined ? await readInput(file) : Buffer.from(options.hex);
  const format = options.hex === undefined ? options.format && parseOctetFormat(options.format) : 'hex';
  const octets = parseOctets(input, format || undefined);
  if (octets.length === 0) throw new CommandError('there is nothing to decode');
  const teds = options.block ? decodeTedsBlock(octets) : decodeWhole(octets, options);
  const problems = tedsProblems(teds);
  if (options.json) printJson({ ...tedsToJson(teds), problems });
  else process.stdout.write(options.xml ? indentedXml(tedsToXml(teds)) : tedsText(teds));
  if (!options.json) for (const problem of problems) say(`${describeTeds(teds)}: ${describeProblem(problem)}`);
  if (options.strict && problems.length > 0) {
    throw new CommandError(`the TEDS has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`);
  }
}

/** Files without length and checksum are common enough to be told what would help. */
function decodeWhole(octets: Uint8Array, { keepChecksum }: DecodeOptions): Teds {
  try {
    return decodeTeds(octets, { keepChecksum });
  } catch (error) {
    if (!(error instanceof Ieee1451Error)) throw error;
    if (error.code === 'wrong-checksum')
      throw new CommandError(`${error.message}; --keep-checksum shows it all the same`);
    if (!isBlock(octets)) throw error;
    throw new CommandError('this is a data block without length and checksum: --block decodes it');
  }
}

function isBlock(octets: Uint8Array): boolean {
  try {
    decodeTedsBlock(octets);
    return true;
  } catch {
    return false;
  }
}

async function encode(file: string | undefined, options: EncodeOptions): Promise<void> {
  const format = parseOctetFormat(options.format);
  const text = (await readInput(file)).toString('utf8').trim();
  if (text === '') throw new CommandError('there is nothing to encode');
  const teds = text.startsWith('<') ? tedsFromXml(parseElement(text)) : tedsFromJson(parseJson(text));
  const octets = options.block ? encodeTedsBlock(teds) : encodeTeds(teds);
  // Decoded again, so that octets in the description are judged, too.
  const problems = tedsProblems(options.block ? decodeTedsBlock(octets) : decodeTeds(octets, { keepChecksum: true }));
  if (options.json) {
    printJson({ octets: formatHex(octets), problems });
    return;
  }
  for (const problem of problems) say(describeProblem(problem));
  const written = formatOctets(octets, format);
  if (options.output === undefined) process.stdout.write(written);
  else writeFileSync(options.output, written);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CommandError(`this is neither JSON nor XML: ${(cause as Error).message}`, { cause });
  }
}
