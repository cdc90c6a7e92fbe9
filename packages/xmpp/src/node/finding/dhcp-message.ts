import { FindingError } from './finding-error.ts';

/** Codes of options. @see RFC 2132 §3.17, §9.3, §9.6, §9.8, RFC 3396, XEP-0347 §3.3.1.1 */
export const DHCP_OPTION = {
  domainName: 15,
  overload: 52,
  messageType: 53,
  parameterList: 55,
  xmppServer: 224,
} as const;

const COOKIE = 0x63_82_53_63;
const HEADER_BYTES = 240;
const MAX_MESSAGE_BYTES = 65_507;
const PAD = 0;
const END = 255;
const INFORM = 8;
const REPLY = 2;

export interface DhcpMessage {
  /** 1 from clients, 2 from servers. */
  readonly operation: number;
  readonly transaction: number;
  /** Parts of one option are put together. @see RFC 3396 §7 */
  readonly options: ReadonlyMap<number, Uint8Array>;
}

/** A request for options alone, by a machine that has its address. @see RFC 2131 §3.4, table 5 */
export function encodeInform(request: {
  readonly transaction: number;
  /** Six bytes. */
  readonly hardwareAddress: Uint8Array;
  readonly address: string;
  readonly options: readonly number[];
}): Uint8Array {
  const options = [
    ...[DHCP_OPTION.messageType, 1, INFORM],
    ...[DHCP_OPTION.parameterList, request.options.length, ...request.options],
    END,
  ];
  // Some servers and relays take nothing shorter than a message of BOOTP (RFC 1542 §2.1).
  const message = Buffer.alloc(Math.max(300, HEADER_BYTES + options.length));
  message.set([1, 1, 6, 0]);
  message.writeUInt32BE(request.transaction, 4);
  message.set(request.address.split('.').map(Number), 12);
  message.set(request.hardwareAddress.subarray(0, 16), 28);
  message.writeUInt32BE(COOKIE, 236);
  message.set(options, HEADER_BYTES);
  return message;
}

/** @throws FindingError `malformed`, naming the byte */
export function decodeDhcp(bytes: Uint8Array): DhcpMessage {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_MESSAGE_BYTES) {
    throw new FindingError('malformed', `a DHCP message of ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(236) !== COOKIE) throw new FindingError('malformed', 'byte 236: no DHCP message but one of BOOTP');
  const parts = new Map<number, Uint8Array[]>();
  readOptions(bytes, HEADER_BYTES, bytes.length, parts);
  const overload = parts.get(DHCP_OPTION.overload)?.[0]?.[0] ?? 0;
  // The fields for a file's and a server's name may hold options, too (RFC 2132 §9.3), in this order (RFC 3396 §5).
  if (overload & 1) readOptions(bytes, 108, 236, parts);
  if (overload & 2) readOptions(bytes, 44, 108, parts);
  const options = new Map([...parts].map(([code, values]) => [code, Uint8Array.from(Buffer.concat(values))]));
  return { operation: view.getUint8(0), transaction: view.getUint32(4), options };
}

/** Is it a server's answer to this request? */
export function isAnswer({ operation, transaction }: DhcpMessage, asked: number): boolean {
  return operation === REPLY && transaction === asked;
}

/**
 * The server's domain name, as an option holds it. A name without dots is taken to be in the local domain.
 * @throws FindingError `malformed`
 * @see XEP-0347 §3.3.1.1
 */
export function xmppServerName(value: Uint8Array, localDomain?: string): string {
  const name = hostName(value, 'the option of DHCP that names the XMPP server');
  return name.includes('.') || !localDomain ? name : `${name}.${localDomain}`;
}

/** A name in ASCII. Some servers put a zero byte behind it. @throws FindingError @see RFC 2132 §2 */
export function hostName(value: Uint8Array, what: string): string {
  const name = Buffer.from(value).toString('latin1').replace(/\0+$/, '').replace(/\.$/, '');
  const isName =
    name.length <= 253 && name.split('.').every((label) => /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/i.test(label));
  if (!isName) throw new FindingError('malformed', `${what} holds no name but ${JSON.stringify(name.slice(0, 80))}`);
  return name.toLowerCase();
}

function readOptions(bytes: Uint8Array, from: number, to: number, parts: Map<number, Uint8Array[]>): void {
  for (let at = from; at < to; ) {
    const code = bytes[at] as number;
    if (code === END) return;
    if (code === PAD) {
      at++;
      continue;
    }
    const length = bytes[at + 1];
    if (at + 1 >= to || length === undefined || at + 2 + length > to) {
      throw new FindingError('malformed', `byte ${at}: option ${code} of DHCP is cut off`);
    }
    parts.set(code, [...(parts.get(code) ?? []), bytes.subarray(at + 2, at + 2 + length)]);
    at += 2 + length;
  }
}
