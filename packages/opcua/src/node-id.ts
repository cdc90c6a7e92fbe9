import { parseGuid, readGuid, writeGuid } from './guid.ts';
import type { OctetReader, OctetWriter } from './octets.ts';
import { formatNullable, type OpcUaText, parseNullable, textOctets, textOf } from './text.ts';

export type NodeIdentifier =
  | { readonly kind: 'numeric'; readonly value: number }
  | { readonly kind: 'string'; readonly value: OpcUaText | null }
  /** In lower case, with hyphens. */
  | { readonly kind: 'guid'; readonly value: string }
  | { readonly kind: 'opaque'; readonly value: Uint8Array | null };

/** How a numeric identifier is written. @see OPC 10000-6 §5.2.2.9 */
export type NumericForm = 'two-byte' | 'four-byte' | 'numeric';

/** The identifier of a node. @see OPC 10000-3 §8.2, OPC 10000-6 §5.2.2.9 */
export type NodeId = NodeIdentifier & {
  readonly namespace: number;
  /** How a numeric one is encoded, where it is not in the shortest form: it means the same. */
  readonly form?: NumericForm;
};

/** A node that may be in another server, or in a namespace that is named. @see OPC 10000-6 §5.2.2.10 */
export type ExpandedNodeId = NodeId & {
  readonly namespaceUri?: OpcUaText | null;
  readonly serverIndex?: number;
};

export const NULL_NODE_ID: NodeId = { kind: 'numeric', namespace: 0, value: 0 };

const FORMS: readonly NumericForm[] = ['two-byte', 'four-byte', 'numeric'];
const HAS_NAMESPACE_URI = 0x80;
const HAS_SERVER_INDEX = 0x40;
const TEXT = /^(?:svr=(\d{1,10});)?(?:nsu=([^;]*);)?(?:ns=(\d{1,5});)?([isgb])=(.*)$/s;
const NUMERIC = /^(\d{1,10})(?:;form=(two-byte|four-byte|numeric))?$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export function readNodeId(reader: OctetReader): NodeId {
  const at = reader.offset;
  const encoding = reader.unsigned(1);
  if (encoding > 5) throw reader.error(`a NodeId with encoding ${encoding}`, at);
  return readIdentifier(reader, encoding);
}

export function readExpandedNodeId(reader: OctetReader): ExpandedNodeId {
  const at = reader.offset;
  const flags = reader.unsigned(1);
  if ((flags & 0x3f) > 5) throw reader.error(`an ExpandedNodeId with encoding ${flags}`, at);
  const id = readIdentifier(reader, flags & 0x3f);
  const namespaceUri = flags & HAS_NAMESPACE_URI ? readText(reader) : undefined;
  const serverIndex = flags & HAS_SERVER_INDEX ? reader.unsigned(4) : undefined;
  return {
    ...id,
    ...(namespaceUri === undefined ? {} : { namespaceUri }),
    ...(serverIndex === undefined ? {} : { serverIndex }),
  };
}

function readIdentifier(reader: OctetReader, encoding: number): NodeId {
  const form = FORMS[encoding];
  if (form !== undefined) {
    const namespace = form === 'two-byte' ? 0 : form === 'four-byte' ? reader.unsigned(1) : reader.unsigned(2);
    const value = reader.unsigned(form === 'two-byte' ? 1 : form === 'four-byte' ? 2 : 4);
    const isShortest = form === shortestForm(namespace, value);
    return { kind: 'numeric', namespace, value, ...(isShortest ? {} : { form }) };
  }
  const namespace = reader.unsigned(2);
  if (encoding === 3) return { kind: 'string', namespace, value: readText(reader) };
  if (encoding === 4) return { kind: 'guid', namespace, value: readGuid(reader) };
  const length = reader.length();
  return { kind: 'opaque', namespace, value: length < 0 ? null : reader.bytes(length) };
}

/** A NodeId, or one that is expanded. */
export function writeNodeId(writer: OctetWriter, id: ExpandedNodeId): void {
  const { namespace, namespaceUri, serverIndex } = id;
  const flags =
    (namespaceUri === undefined ? 0 : HAS_NAMESPACE_URI) | (serverIndex === undefined ? 0 : HAS_SERVER_INDEX);
  if (id.kind === 'numeric') {
    const form = id.form ?? shortestForm(namespace, id.value);
    writer.unsigned(1, FORMS.indexOf(form) | flags);
    if (form === 'four-byte') writer.unsigned(1, namespace);
    else if (form === 'numeric') writer.unsigned(2, namespace);
    writer.unsigned(form === 'two-byte' ? 1 : form === 'four-byte' ? 2 : 4, id.value);
  } else {
    writer.unsigned(1, (id.kind === 'string' ? 3 : id.kind === 'guid' ? 4 : 5) | flags);
    writer.unsigned(2, namespace);
    if (id.kind === 'guid') writeGuid(writer, id.value);
    else writer.counted(id.kind === 'string' ? (id.value === null ? null : textOctets(id.value)) : id.value);
  }
  if (namespaceUri !== undefined) writer.counted(namespaceUri === null ? null : textOctets(namespaceUri));
  if (serverIndex !== undefined) writer.unsigned(4, serverIndex);
}

/** Such as `i=85` or `ns=2;s=Pump.Speed`; `;form=` where a number is not in its shortest form. @see OPC 10000-6 §5.3.1.10 */
export function formatNodeId(id: ExpandedNodeId): string {
  const { namespace, namespaceUri, serverIndex } = id;
  const server = serverIndex === undefined ? '' : `svr=${serverIndex};`;
  const uri = namespaceUri === undefined ? '' : `nsu=${escaped(formatNullable(namespaceUri))};`;
  const index = namespace === 0 ? '' : `ns=${namespace};`;
  return `${server}${uri}${index}${formatIdentifier(id)}${id.form === undefined ? '' : `;form=${id.form}`}`;
}

/** The node alone, however its number is encoded: equal for equal nodes. */
export function nodeName(id: ExpandedNodeId): string {
  const { form: _, ...node } = id;
  return formatNodeId(node);
}

/** @returns undefined for what is no expanded NodeId as `formatNodeId` writes it */
export function parseExpandedNodeId(text: string): ExpandedNodeId | undefined {
  const [, server, uri, index = '0', kind, rest = ''] = TEXT.exec(text) ?? [];
  const namespace = Number(index);
  const namespaceUri = uri === undefined ? undefined : parseNullable(unescaped(uri));
  const identifier = kind === undefined || namespace > 0xffff ? undefined : parseIdentifier(kind, rest, namespace);
  if (!identifier || (uri !== undefined && namespaceUri === undefined) || Number(server ?? 0) > 0xffff_ffff) {
    return undefined;
  }
  return {
    ...identifier,
    ...(namespaceUri === undefined ? {} : { namespaceUri }),
    ...(server === undefined ? {} : { serverIndex: Number(server) }),
  };
}

/** @returns undefined for what is no NodeId as `formatNodeId` writes it */
export function parseNodeId(text: string): NodeId | undefined {
  return /^(?:svr|nsu)=/.test(text) ? undefined : parseExpandedNodeId(text);
}

function formatIdentifier(id: NodeIdentifier): string {
  switch (id.kind) {
    case 'numeric':
      return `i=${id.value}`;
    case 'string':
      return `s=${formatNullable(id.value)}`;
    case 'guid':
      return `g=${id.value}`;
    case 'opaque':
      return `b=${id.value === null ? formatNullable(null) : Buffer.from(id.value).toString('base64')}`;
  }
}

function parseIdentifier(kind: string, text: string, namespace: number): NodeId | undefined {
  if (kind === 'i') {
    const [, digits, form] = NUMERIC.exec(text) ?? [];
    const value = Number(digits ?? Number.NaN);
    if (!(value <= 0xffff_ffff)) return undefined;
    const shortest = shortestForm(namespace, value);
    if (form === undefined || form === shortest) return { kind: 'numeric', namespace, value };
    // What a shorter form can't hold has no such form.
    if (FORMS.indexOf(form as NumericForm) < FORMS.indexOf(shortest)) return undefined;
    return { kind: 'numeric', namespace, value, form: form as NumericForm };
  }
  if (kind === 's') {
    const value = parseNullable(text);
    return value === undefined ? undefined : { kind: 'string', namespace, value };
  }
  if (kind === 'g') {
    const value = parseGuid(text);
    return value === undefined ? undefined : { kind: 'guid', namespace, value };
  }
  if (text === formatNullable(null)) return { kind: 'opaque', namespace, value: null };
  return BASE64.test(text)
    ? { kind: 'opaque', namespace, value: new Uint8Array(Buffer.from(text, 'base64')) }
    : undefined;
}

function shortestForm(namespace: number, value: number): NumericForm {
  if (namespace === 0 && value <= 0xff) return 'two-byte';
  return namespace <= 0xff && value <= 0xffff ? 'four-byte' : 'numeric';
}

function readText(reader: OctetReader): OpcUaText | null {
  const length = reader.length();
  return length < 0 ? null : textOf(reader.bytes(length));
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll(';', '%3B');
}

function unescaped(text: string): string {
  return text.replaceAll('%3B', ';').replaceAll('%25', '%');
}
