import { type Body, decodeBody, encodeBody, type Layout } from '../body.ts';
import { concatOctets, OctetReader, unsignedOctets } from '../octets.ts';
import { type ModuleCommand, moduleCommand } from './commands.ts';

/** A command to a TIM (channel 0) or to one of its channels; also what a TIM tells by itself, with the channel it comes from. */
export interface CommandMessage {
  readonly channel: number;
  readonly commandClass: number;
  readonly commandFunction: number;
  readonly body: Body;
}

/** The answer to a command. Which one is known to who has sent it. */
export interface ReplyMessage {
  /** Nought is failure; anything else success. */
  readonly flag: number;
  readonly body: Body;
}

const COMMAND_HEADER_OCTETS = 6;
const REPLY_HEADER_OCTETS = 3;
/** The most octets a message can carry. */
export const MAX_DEPENDENT_OCTETS = 0xffff;

/** Addresses that are no channel of their own. */
export const TIM_ADDRESS = 0;

/** @throws Ieee1451Error `malformed-message`. @see IEEE 1451.0-2007 §6.1.1 */
export function decodeCommand(octets: Uint8Array): CommandMessage {
  const reader = new OctetReader(octets, 'malformed-message');
  const channel = reader.unsigned(2, 'the channel');
  const commandClass = reader.unsigned(1, 'the class');
  const commandFunction = reader.unsigned(1, 'the function');
  const dependent = dependentOctets(reader);
  const body = decodeBody(dependent, moduleCommand(commandClass, commandFunction)?.arguments);
  return { channel, commandClass, commandFunction, body };
}

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeCommand({ channel, commandClass, commandFunction, body }: CommandMessage): Uint8Array {
  const dependent = encodeBody(body, moduleCommand(commandClass, commandFunction)?.arguments);
  return concatOctets([
    unsignedOctets(channel, 2, 'the channel'),
    unsignedOctets(commandClass, 1, 'the class'),
    unsignedOctets(commandFunction, 1, 'the function'),
    unsignedOctets(dependent.length, 2, 'the length'),
    dependent,
  ]);
}

/**
 * @param command what is answered; without it the body is octets
 * @throws Ieee1451Error `malformed-message`
 * @see IEEE 1451.0-2007 §6.1.2
 */
export function decodeReply(octets: Uint8Array, command?: ModuleCommand): ReplyMessage {
  const reader = new OctetReader(octets, 'malformed-message');
  const flag = reader.unsigned(1, 'the flag of success');
  return { flag, body: decodeBody(dependentOctets(reader), replyLayout(flag, command)) };
}

/** @throws Ieee1451Error `limit-exceeded` */
export function encodeReply({ flag, body }: ReplyMessage, command?: ModuleCommand): Uint8Array {
  const dependent = encodeBody(body, replyLayout(flag, command));
  return concatOctets([
    unsignedOctets(flag, 1, 'the flag of success'),
    unsignedOctets(dependent.length, 2, 'the length'),
    dependent,
  ]);
}

/** The octets of the first command in a stream, header included; undefined when its length is not there yet. */
export function commandLength(octets: Uint8Array): number | undefined {
  return lengthAt(octets, COMMAND_HEADER_OCTETS);
}

/** The octets of the first reply in a stream, header included; undefined when its length is not there yet. */
export function replyLength(octets: Uint8Array): number | undefined {
  return lengthAt(octets, REPLY_HEADER_OCTETS);
}

function lengthAt(octets: Uint8Array, header: number): number | undefined {
  const [high, low] = octets.subarray(header - 2, header);
  return high === undefined || low === undefined ? undefined : header + high * 256 + low;
}

/** A failure has no octets that mean something. */
function replyLayout(flag: number, command: ModuleCommand | undefined): Layout | undefined {
  if (flag === 0 || !command) return undefined;
  return command.reply === 'none' ? undefined : command.reply;
}

function dependentOctets(reader: OctetReader): Uint8Array {
  const at = reader.offset;
  const length = reader.unsigned(2, 'the length');
  if (length !== reader.remaining) {
    throw reader.error(`the length says that ${length} octets follow, and there are ${reader.remaining}`, at);
  }
  return reader.rest();
}
