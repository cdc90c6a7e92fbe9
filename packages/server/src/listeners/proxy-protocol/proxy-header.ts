import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** Where a connection comes from. */
export interface Source {
  readonly address: string;
  readonly port: number;
}

/** What a proxy says before everything else. */
export interface ProxyHeader {
  /** Bytes it takes. */
  readonly length: number;
  /** The client's; undefined where it is the proxy itself that connects, or it does not know. */
  readonly source: Source | undefined;
}

/** Bytes that are no header of the PROXY protocol. */
export class ProxyProtocolError extends Error {
  override readonly name = 'ProxyProtocolError';
  readonly code = 'proxy-protocol';
}

/** Bytes of a header, the further information of version 2 included, of which nothing is used. */
export const MAX_PROXY_HEADER_BYTES = 2048;

const MAX_LINE_BYTES = 107;
const MAX_PORT = 65_535;
const LINE_FEED = 0x0a;
const LINE_START = Buffer.from('PROXY ');
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const FIXED_BYTES = 16;
const COMMAND_LOCAL = 0;
const COMMAND_PROXY = 1;
const LAST_FAMILY = 3;
const LAST_PROTOCOL = 2;
const TCP4 = 0x11;
const TCP6 = 0x21;
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 12, 2: 36, 3: 216 };

/**
 * Reads a header of version 1 or 2.
 * @returns undefined when more bytes are needed
 * @throws ProxyProtocolError
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt §2
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (beginsLike(buffer, SIGNATURE)) return parseBinary(buffer);
  if (beginsLike(buffer, LINE_START)) return parseLine(buffer);
  throw new ProxyProtocolError('a header of the PROXY protocol was expected');
}

function beginsLike(buffer: Buffer, start: Buffer): boolean {
  const length = Math.min(buffer.length, start.length);
  return buffer.subarray(0, length).equals(start.subarray(0, length));
}

/** §2.1 */
function parseLine(buffer: Buffer): ProxyHeader | undefined {
  const end = buffer.subarray(0, MAX_LINE_BYTES).indexOf(LINE_FEED);
  if (end === -1) {
    if (buffer.length >= MAX_LINE_BYTES) throw new ProxyProtocolError('the line is too long');
    return undefined;
  }
  const line = buffer.toString('latin1', 0, end + 1);
  if (!line.endsWith('\r\n')) throw new ProxyProtocolError('the line does not end with CR LF');
  const length = end + 1;
  const [, protocol, ...parts] = line.slice(0, -2).split(' ');
  if (protocol === 'UNKNOWN') return { length, source: undefined };
  const [address = '', to = '', port = '', toPort = ''] = parts;
  const isRight = protocol === 'TCP4' ? isIPv4 : protocol === 'TCP6' ? isPlainIPv6 : () => false;
  if (parts.length !== 4 || !isRight(address) || !isRight(to) || !isPort(port) || !isPort(toPort)) {
    throw new ProxyProtocolError('the line is none of version 1');
  }
  return { length, source: sourceOf(address, Number(port)) };
}

/** §2.2 */
function parseBinary(buffer: Buffer): ProxyHeader | undefined {
  if (buffer.length < FIXED_BYTES) return undefined;
  const [versionAndCommand, familyAndProtocol] = [buffer.readUInt8(12), buffer.readUInt8(13)];
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2 || command > COMMAND_PROXY) {
    throw new ProxyProtocolError('the version or the command is unknown');
  }
  const length = FIXED_BYTES + buffer.readUInt16BE(14);
  if (length > MAX_PROXY_HEADER_BYTES) throw new ProxyProtocolError('the header is too long');
  if (command !== COMMAND_LOCAL) checkAddresses(familyAndProtocol, length - FIXED_BYTES);
  if (buffer.length < length) return undefined;
  const isKnown = command === COMMAND_PROXY && (familyAndProtocol === TCP4 || familyAndProtocol === TCP6);
  if (!isKnown) return { length, source: undefined };
  const addressBytes = familyAndProtocol === TCP4 ? 4 : 16;
  const raw = buffer.subarray(FIXED_BYTES, FIXED_BYTES + addressBytes);
  const address = familyAndProtocol === TCP4 ? raw.join('.') : groupsOf(raw);
  return { length, source: sourceOf(address, buffer.readUInt16BE(FIXED_BYTES + 2 * addressBytes)) };
}

function checkAddresses(familyAndProtocol: number, length: number): void {
  const [family, protocol] = [familyAndProtocol >> 4, familyAndProtocol & 0x0f];
  if (family > LAST_FAMILY || protocol > LAST_PROTOCOL) {
    throw new ProxyProtocolError('the address family or the protocol is unknown');
  }
  if (length < (ADDRESS_BYTES[family] as number)) throw new ProxyProtocolError('there is no room for the addresses');
}

function groupsOf(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
}

/** In the one form Node writes addresses in. */
function sourceOf(address: string, port: number): Source {
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  return { address: new SocketAddress({ address, family }).address, port };
}

function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= MAX_PORT;
}
