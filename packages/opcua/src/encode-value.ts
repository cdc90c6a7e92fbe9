import { OpcUaError } from './error.ts';
import { writeNodeId } from './node-id.ts';
import { OctetWriter } from './octets.ts';
import { type OpcUaText, textOctets } from './text.ts';
import { builtInType, type CompositeName, structureNamed, type Type } from './type.ts';
import type {
  DataValue,
  DiagnosticInfo,
  ExtensionObject,
  LocalizedText,
  OpcUaValue,
  Structure,
  Variant,
} from './values.ts';

/**
 * Writes a value of a type.
 * @throws OpcUaError `limit-exceeded` for what the type can't hold
 * @see OPC 10000-6 §5.2
 */
export function writeValue(writer: OctetWriter, type: Type, value: OpcUaValue): void {
  switch (type.kind) {
    case 'scalar':
      type.scalar.write(writer, value);
      return;
    case 'composite':
      writeComposite(writer, type.name, value);
      return;
    case 'structure':
      for (const field of type.fields)
        writeValue(writer, field.type, fieldOf(value as Structure, type.name, field.name));
      return;
    case 'array':
      writeArray(writer, type.of, value as readonly OpcUaValue[] | null);
  }
}

function fieldOf(structure: Structure, name: string, field: string): OpcUaValue {
  const value = structure[field];
  if (value === undefined) throw new OpcUaError('limit-exceeded', `${name} without ${field}`);
  return value;
}

function writeArray(writer: OctetWriter, of: Type, values: readonly OpcUaValue[] | null): void {
  writer.signed(4, values?.length ?? -1);
  for (const value of values ?? []) writeValue(writer, of, value);
}

function writeComposite(writer: OctetWriter, name: CompositeName, value: OpcUaValue): void {
  if (name === 'LocalizedText') writeLocalizedText(writer, value as LocalizedText);
  else if (name === 'ExtensionObject') writeExtensionObject(writer, value as ExtensionObject);
  else if (name === 'DataValue') writeDataValue(writer, value as DataValue);
  else if (name === 'Variant') writeVariant(writer, value as Variant);
  else writeDiagnosticInfo(writer, value as DiagnosticInfo);
}

function writeText(writer: OctetWriter, text: OpcUaText | null): void {
  writer.counted(text === null ? null : textOctets(text));
}

/** The bits of the parts that are there. */
function maskOf(parts: readonly (readonly [value: unknown, bit: number])[]): number {
  return parts.reduce((mask, [value, bit]) => (value === undefined ? mask : mask | bit), 0);
}

function writeLocalizedText(writer: OctetWriter, { locale, text }: LocalizedText): void {
  writer.unsigned(
    1,
    maskOf([
      [locale, 0x01],
      [text, 0x02],
    ]),
  );
  if (locale !== undefined) writeText(writer, locale);
  if (text !== undefined) writeText(writer, text);
}

function writeExtensionObject(writer: OctetWriter, { typeId, body }: ExtensionObject): void {
  writeNodeId(writer, typeId);
  writer.unsigned(1, body.kind === 'none' ? 0 : body.kind === 'xml' ? 2 : 1);
  if (body.kind === 'xml') writeText(writer, body.text);
  if (body.kind === 'octets') writer.counted(body.octets);
  if (body.kind === 'structure') {
    const type = structureNamed(body.name);
    if (!type) throw new OpcUaError('limit-exceeded', `there is no structure ${body.name}`);
    const inner = new OctetWriter();
    writeValue(inner, type, body.value);
    writer.counted(inner.finish());
  }
}

function writeDataValue(writer: OctetWriter, data: DataValue): void {
  const { value, status, sourceTimestamp, sourcePicoseconds, serverTimestamp, serverPicoseconds } = data;
  const mask = maskOf([
    [value, 0x01],
    [status, 0x02],
    [sourceTimestamp, 0x04],
    [serverTimestamp, 0x08],
    [sourcePicoseconds, 0x10],
    [serverPicoseconds, 0x20],
  ]);
  writer.unsigned(1, mask);
  if (value !== undefined) writeVariant(writer, value);
  if (status !== undefined) writer.unsigned(4, status);
  if (sourceTimestamp !== undefined) writer.signed64(sourceTimestamp);
  if (sourcePicoseconds !== undefined) writer.unsigned(2, sourcePicoseconds);
  if (serverTimestamp !== undefined) writer.signed64(serverTimestamp);
  if (serverPicoseconds !== undefined) writer.unsigned(2, serverPicoseconds);
}

function writeVariant(writer: OctetWriter, { type: id, isArray, value, dimensions }: Variant): void {
  writer.unsigned(1, id | (isArray ? 0x80 : 0) | (isArray && dimensions !== undefined ? 0x40 : 0));
  const type = builtInType(id);
  if (!type) {
    if (id === 0 && !isArray) return;
    throw new OpcUaError('limit-exceeded', `a Variant${isArray ? ' with an array' : ''} of type ${id}`);
  }
  if (!isArray) {
    writeValue(writer, type, value);
    return;
  }
  writeArray(writer, type, value as readonly OpcUaValue[] | null);
  if (dimensions !== undefined) writeArray(writer, builtInType(6) as Type, dimensions);
}

function writeDiagnosticInfo(writer: OctetWriter, info: DiagnosticInfo): void {
  const { symbolicId, namespaceUri, locale, localizedText, additionalInfo, innerStatusCode, innerDiagnosticInfo } =
    info;
  const mask = maskOf([
    [symbolicId, 0x01],
    [namespaceUri, 0x02],
    [localizedText, 0x04],
    [locale, 0x08],
    [additionalInfo, 0x10],
    [innerStatusCode, 0x20],
    [innerDiagnosticInfo, 0x40],
  ]);
  writer.unsigned(1, mask);
  if (symbolicId !== undefined) writer.signed(4, symbolicId);
  if (namespaceUri !== undefined) writer.signed(4, namespaceUri);
  if (locale !== undefined) writer.signed(4, locale);
  if (localizedText !== undefined) writer.signed(4, localizedText);
  if (additionalInfo !== undefined) writeText(writer, additionalInfo);
  if (innerStatusCode !== undefined) writer.unsigned(4, innerStatusCode);
  if (innerDiagnosticInfo !== undefined) writeDiagnosticInfo(writer, innerDiagnosticInfo);
}
