import type { OctetReader, OctetWriter } from './octets.ts';
import { formatNullable, parseNullable, textOctets, textOf } from './text.ts';
import type { QualifiedName } from './values.ts';

/** No name at all. */
export const NULL_NAME: QualifiedName = { namespace: 0, name: null };

const TEXT = /^(?:(\d{1,5}):)?(.*)$/s;

/** @see OPC 10000-6 §5.2.2.13 */
export function readQualifiedName(reader: OctetReader): QualifiedName {
  const namespace = reader.unsigned(2);
  const length = reader.length();
  return { namespace, name: length < 0 ? null : textOf(reader.bytes(length)) };
}

export function writeQualifiedName(writer: OctetWriter, { namespace, name }: QualifiedName): void {
  writer.unsigned(2, namespace);
  writer.counted(name === null ? null : textOctets(name));
}

/** The index of the namespace and the name; the name alone in namespace 0. Undefined for no name at all. @see OPC 10000-6 §5.3.1.14 */
export function formatQualifiedName({ namespace, name }: QualifiedName): string | undefined {
  if (namespace === 0 && name === null) return undefined;
  const text = formatNullable(name);
  return namespace !== 0 || /^\d+:/.test(text) ? `${namespace}:${text}` : text;
}

/** @returns undefined for what is no such name */
export function parseQualifiedName(text: string): QualifiedName | undefined {
  const [, index = '0', written = ''] = TEXT.exec(text) ?? [];
  const namespace = Number(index);
  const name = parseNullable(written);
  return name === undefined || namespace > 0xffff ? undefined : { namespace, name };
}
