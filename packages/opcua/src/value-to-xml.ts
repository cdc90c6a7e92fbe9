import { type AttributeInput, type Content, type Element, xml } from '@thingward/xml';
import { formatDateTime } from './date-time.ts';
import { elementName } from './element-name.ts';
import { formatNodeId, NULL_NODE_ID } from './node-id.ts';
import { formatStatusCode } from './status-codes.ts';
import { formatNullable, formatText } from './text.ts';
import { BUILT_IN_TYPES, builtInType, structureNamed, type Type, typeNamed } from './type.ts';
import type {
  DataValue,
  DiagnosticInfo,
  ExtensionObject,
  LocalizedText,
  OpcUaValue,
  Structure,
  Variant,
} from './values.ts';

type StructureType = Extract<Type, { readonly kind: 'structure' }>;
type Attributes = Record<string, AttributeInput[string]>;

/** A structure as an element: what is one piece of text is an attribute, everything else an element with the name of its field. */
export function structureToXml(name: string, type: StructureType, value: Structure, namespace?: string): Element {
  const attributes: Attributes = { xmlns: namespace };
  const children: Content[] = [];
  for (const field of type.fields) {
    const content = value[field.name] as OpcUaValue;
    if (field.type.kind === 'scalar') attributes[field.name] = field.type.scalar.format(content);
    else children.push(fieldToXml(field.name, field.type, content));
  }
  return xml(name, attributes, children);
}

/** Undefined where it is what is meant when there is nothing. */
function fieldToXml(name: string, type: Type, value: OpcUaValue): Element | undefined {
  if (type.kind === 'array') {
    return value === null ? undefined : xml(name, {}, itemsToXml(type.of, value as readonly OpcUaValue[]));
  }
  const element = valueToXml(name, type, value);
  const isNothing = Object.keys(element.attributes).length === 0 && element.children.length === 0;
  return type.kind === 'composite' && isNothing ? undefined : element;
}

/** One value as an element of its own. */
function valueToXml(name: string, type: Type, value: OpcUaValue): Element {
  if (type.kind === 'scalar') return xml(name, { value: type.scalar.format(value) });
  if (type.kind === 'structure') return structureToXml(name, type, value as Structure);
  if (type.kind === 'array') return xml(name, {}, itemsToXml(type.of, value as readonly OpcUaValue[]));
  switch (type.name) {
    case 'LocalizedText':
      return localizedTextToXml(name, value as LocalizedText);
    case 'ExtensionObject':
      return extensionObjectToXml(name, value as ExtensionObject);
    case 'DataValue':
      return dataValueToXml(name, value as DataValue);
    case 'Variant':
      return variantToXml(name, value as Variant);
    case 'DiagnosticInfo':
      return diagnosticInfoToXml(name, value as DiagnosticInfo);
  }
}

/** Values of an array: a text with spaces between them, or an element for each. */
function itemsToXml(of: Exclude<Type, { readonly kind: 'array' }>, values: readonly OpcUaValue[]): Content {
  if (of.kind === 'scalar' && of.scalar.isListed) return values.map((value) => of.scalar.format(value)).join(' ');
  return values.map((value) => valueToXml(elementName(of.name), of, value));
}

function localizedTextToXml(name: string, { locale, text }: LocalizedText): Element {
  return xml(name, {
    locale: locale === undefined ? undefined : formatNullable(locale),
    text: text === undefined ? undefined : formatNullable(text),
  });
}

function extensionObjectToXml(name: string, { typeId, body }: ExtensionObject): Element {
  const written = formatNodeId(typeId);
  const attributes: Attributes = { typeId: written === formatNodeId(NULL_NODE_ID) ? undefined : written };
  if (body.kind === 'none') return xml(name, attributes);
  if (body.kind === 'octets') {
    const octets = body.octets === null ? undefined : Buffer.from(body.octets).toString('base64');
    return xml(name, { ...attributes, encoding: 'binary', octets });
  }
  if (body.kind === 'xml') {
    return xml(name, { ...attributes, encoding: 'xml', xml: body.text === null ? undefined : formatText(body.text) });
  }
  const type = structureNamed(body.name) as StructureType;
  return xml(name, attributes, structureToXml(elementName(body.name), type, body.value));
}

function dataValueToXml(name: string, data: DataValue): Element {
  return xml(
    name,
    {
      status: data.status === undefined ? undefined : formatStatusCode(data.status),
      sourceTimestamp: data.sourceTimestamp === undefined ? undefined : formatDateTime(data.sourceTimestamp),
      sourcePicoseconds: data.sourcePicoseconds,
      serverTimestamp: data.serverTimestamp === undefined ? undefined : formatDateTime(data.serverTimestamp),
      serverPicoseconds: data.serverPicoseconds,
    },
    data.value && variantToXml('value', data.value),
  );
}

function variantToXml(name: string, { type: id, isArray, value, dimensions }: Variant): Element {
  const type = builtInType(id);
  if (!type || type.kind === 'array') return xml(name);
  const attributes: Attributes = {
    type: BUILT_IN_TYPES[id],
    array: isArray ? (value === null ? 'null' : 'true') : undefined,
    dimensions: dimensions === undefined || !isArray ? undefined : dimensions === null ? 'null' : dimensions.join(' '),
  };
  if (isArray)
    return xml(name, attributes, value === null ? undefined : itemsToXml(type, value as readonly OpcUaValue[]));
  if (type.kind === 'scalar') return xml(name, { ...attributes, value: type.scalar.format(value) });
  return xml(name, attributes, valueToXml(elementName(type.name), typeNamed(type.name), value));
}

function diagnosticInfoToXml(name: string, info: DiagnosticInfo): Element {
  return xml(
    name,
    {
      symbolicId: info.symbolicId,
      namespaceUri: info.namespaceUri,
      locale: info.locale,
      localizedText: info.localizedText,
      additionalInfo: info.additionalInfo === undefined ? undefined : formatNullable(info.additionalInfo),
      innerStatusCode: info.innerStatusCode === undefined ? undefined : formatStatusCode(info.innerStatusCode),
    },
    info.innerDiagnosticInfo && diagnosticInfoToXml('innerDiagnosticInfo', info.innerDiagnosticInfo),
  );
}
