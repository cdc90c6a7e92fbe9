import { writeFileSync } from 'node:fs';
import {
  bitNames,
  decodeFragment,
  decodePackets,
  encodeFragment,
  encodePacket,
  type Fragment,
  FUNCTIONS,
  formatHex,
  fragmentFromXml,
  fragmentToXml,
  IIN_NAMES,
  nameOf,
  objectType,
  type Packet,
  packetFromXml,
  packetToXml,
} from '@thingward/dnp3';
import { type Element, parseElement } from '@thingward/xml';
import { Command } from 'commander';
import { CommandError } from '../errors.ts';
import { indentedXml } from '../indented-xml.ts';
import { type OutputOptions, printJson } from '../output.ts';
import { formatOctets, parseOctetFormat, parseOctets, readInput } from '../packet-input.ts';

interface DecodeOptions extends OutputOptions {
  readonly hex?: string;
  readonly format?: string;
  readonly fragment?: boolean;
  readonly compact?: boolean;
}

interface EncodeOptions extends OutputOptions {
  readonly format: string;
  readonly output?: string;
}

export function dnp3Command(): Command {
  const command = new Command('dnp3').description('packets of DNP3 (IEEE 1815) as XML, and back');
  command
    .command('decode')
    .argument('[file]', 'frames as octets, hexadecimal digits or base64; standard input when not given')
    .description('show frames as XML')
    .option('--hex <digits>', 'the frames, in place of a file')
    .option('--format <format>', 'hex, base64 or binary; looked at when not given')
    .option('--fragment', 'it is a fragment of the application layer, without frames around it')
    .option('--compact', 'each packet on one line')
    .option('--json', 'one JSON object per packet')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward dnp3 decode --hex "05 64 05 c0 01 00 00 04 e9 21"\n  thingward dnp3 decode capture.bin --json\n  thingward dnp3 decode --fragment --hex c0013c0206',
    )
    .action(decode);
  command
    .command('encode')
    .argument('[file]', 'packets in XML, as decode shows them; standard input when not given')
    .description('make frames of XML')
    .option('--format <format>', 'hex, base64 or binary', 'hex')
    .option('-o, --output <file>', 'where they go; standard output when not given')
    .option('--json', 'one JSON object per packet, with its octets in hexadecimal')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward dnp3 encode packet.xml\n  thingward dnp3 decode capture.bin | thingward dnp3 encode --format binary -o same.bin',
    )
    .action(encode);
  return command;
}

async function decode(file: string | undefined, options: DecodeOptions): Promise<void> {
  const input = options.hex === undefined ? await readInput(file) : Buffer.from(options.hex);
  const format = options.hex === undefined ? options.format && parseOctetFormat(options.format) : 'hex';
  const octets = parseOctets(input, format || undefined);
  if (octets.length === 0) throw new CommandError('there is nothing to decode');
  if (options.fragment) {
    const fragment = decodeFragment(octets);
    show(options, fragmentToXml(fragment), describeFragment(fragment));
    return;
  }
  for (const packet of decodePackets(octets)) show(options, packetToXml(packet), describePacket(packet));
}

function show({ json, compact }: DecodeOptions, element: Element, description: object): void {
  if (json) printJson(description);
  else process.stdout.write(compact ? `${element}\n` : indentedXml(element));
}

async function encode(file: string | undefined, options: EncodeOptions): Promise<void> {
  const format = parseOctetFormat(options.format);
  const text = (await readInput(file)).toString('utf8');
  // Several packets are one after the other, as decode writes them.
  const elements = parseElement(`<packets>${text.replace(/^\s*<\?xml[^>]*\?>/, '')}</packets>`).elements;
  if (elements.length === 0) throw new CommandError('there is no <packet> to encode');
  const packets = elements.map((element) => {
    if (element.name === 'fragment') {
      const fragment = fragmentFromXml(element);
      return { octets: encodeFragment(fragment), description: describeFragment(fragment) };
    }
    const packet = packetFromXml(element);
    return { octets: encodePacket(packet), description: describePacket(packet) };
  });
  if (options.json) {
    for (const { octets, description } of packets) printJson({ octets: formatHex(octets), ...description });
    return;
  }
  const octets = Buffer.concat(packets.map((packet) => packet.octets));
  const written = formatOctets(octets, format);
  if (options.output === undefined) process.stdout.write(written);
  else writeFileSync(options.output, written);
}

/** A packet with names beside its numbers, and octets in hexadecimal. */
function describePacket({ fragment, raw, ...packet }: Packet): object {
  return {
    ...packet,
    ...(fragment ? { fragment: describeFragment(fragment) } : {}),
    ...(raw ? { raw: formatHex(raw) } : {}),
  };
}

function describeFragment({ control, function: code, indications, objects, rest }: Fragment): object {
  return {
    function: code,
    functionName: nameOf(FUNCTIONS, code),
    control,
    ...(indications === undefined ? {} : { indications: bitNames(IIN_NAMES, indications) }),
    objects: objects.map(({ items, ...header }) => ({
      name: objectType(header.group, header.variation)?.name,
      ...header,
      items: items.map(({ octets, value, ...item }) => ({
        ...item,
        ...(value === undefined ? {} : { value: Number.isFinite(value) ? value : String(value) }),
        ...(octets ? { octets: formatHex(octets) } : {}),
      })),
    })),
    ...(rest ? { rest: { problem: rest.problem, octets: formatHex(rest.octets) } } : {}),
  };
}
