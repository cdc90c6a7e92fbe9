import { writeFileSync } from 'node:fs';
import { decodeMessages, encodeMessage, messageFromXml, messageToXml, type OpcUaMessage } from '@thingward/opcua';
import { parseElement } from '@thingward/xml';
import { Command } from 'commander';
import { CommandError } from '../errors.ts';
import { indentedXml } from '../indented-xml.ts';
import { type OutputOptions, printJson } from '../output.ts';
import { formatOctets, parseOctetFormat, parseOctets, readInput } from '../packet-input.ts';

interface DecodeOptions extends OutputOptions {
  readonly hex?: string;
  readonly format?: string;
  readonly secured?: boolean;
  readonly compact?: boolean;
}

interface EncodeOptions extends OutputOptions {
  readonly format: string;
  readonly output?: string;
}

export function opcuaCommand(): Command {
  const command = new Command('opcua').description('messages of OPC UA (UA TCP, UA binary) as XML, and back');
  command
    .command('decode')
    .argument(
      '[file]',
      'what one side of a connection has sent, as octets, hexadecimal digits or base64; standard input when not given',
    )
    .description('show messages as XML')
    .option('--hex <digits>', 'the messages, in place of a file')
    .option('--format <format>', 'hex, base64 or binary; looked at when not given')
    .option('--secured', 'the channel signs or encrypts; looked at where it is opened in what is given')
    .option('--compact', 'each message on one line')
    .option('--json', 'one JSON object per message')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward opcua decode --hex 45525246100000000000828000000000\n  thingward opcua decode from-client.bin --json',
    )
    .action(decode);
  command
    .command('encode')
    .argument('[file]', 'messages in XML, as decode shows them; standard input when not given')
    .description('make octets of XML')
    .option('--format <format>', 'hex, base64 or binary', 'hex')
    .option('-o, --output <file>', 'where they go; standard output when not given')
    .option('--json', 'one JSON object per message, with its octets in hexadecimal')
    .addHelpText(
      'after',
      '\nExamples:\n  thingward opcua encode message.xml\n  thingward opcua decode from-client.bin | thingward opcua encode --format binary -o same.bin',
    )
    .action(encode);
  return command;
}

async function decode(file: string | undefined, options: DecodeOptions): Promise<void> {
  const input = options.hex === undefined ? await readInput(file) : Buffer.from(options.hex);
  const format = options.hex === undefined ? options.format && parseOctetFormat(options.format) : 'hex';
  const octets = parseOctets(input, format || undefined);
  if (octets.length === 0) throw new CommandError('there is nothing to decode');
  for (const message of decodeMessages(octets, { isSecured: options.secured ?? false })) {
    if (options.json) printJson(described(message));
    else process.stdout.write(options.compact ? `${messageToXml(message)}\n` : indentedXml(messageToXml(message)));
  }
}

async function encode(file: string | undefined, options: EncodeOptions): Promise<void> {
  const format = parseOctetFormat(options.format);
  const text = (await readInput(file)).toString('utf8');
  // Several messages are one after the other, as decode writes them.
  const elements = parseElement(`<messages>${text.replace(/^\s*<\?xml[^>]*\?>/, '')}</messages>`).elements;
  if (elements.length === 0) throw new CommandError('there is no <message> to encode');
  const messages = elements.map((element): OpcUaMessage => messageFromXml(element));
  if (options.json) {
    for (const message of messages) {
      const octets = Buffer.from(encodeMessage(message)).toString('hex');
      printJson({ octets, ...(described(message) as object) });
    }
    return;
  }
  const written = formatOctets(Buffer.concat(messages.map(encodeMessage)), format);
  if (options.output === undefined) process.stdout.write(written);
  else writeFileSync(options.output, written);
}

/** A message as JSON can hold it: octets in hexadecimal, integers of 64 bits and what is no number as text. */
function described(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(described);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, described(part)]));
}
