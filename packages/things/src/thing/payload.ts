import { type Element, isXmlText } from '@thingward/xml';
import { StanzaError } from '@thingward/xmpp';
import type { NodeReference } from './node.ts';
import { formatDateTime, parseBoolean, parseDateTime, parseInt32 } from './xml-schema-values.ts';

/** A payload that does not follow its specification; `path` says where in it, like `fields/node[1]/timestamp[2]/@value`. */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
  readonly code: 'missing-attribute' | 'invalid-value' | 'unexpected-element' | 'malformed-form';
  readonly path: string;

  constructor(code: PayloadError['code'], path: string, message: string) {
    super(`${path}: ${message}`);
    this.code = code;
    this.path = path;
  }
}

/** Runs a decoder on what a requester sent: what is wrong with it becomes the error reply `bad-request` that names what and where. */
export function decodingRequest<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof PayloadError) throw new StanzaError('bad-request', error.message);
    throw error;
  }
}

/** @throws PayloadError when it is another element */
export function expectElement(element: Element, name: string, namespace: string): void {
  if (!element.is(name, namespace)) {
    throw new PayloadError('unexpected-element', element.name, `expected <${name} xmlns='${namespace}'/>`);
  }
}

/** @throws PayloadError when it is not there */
export function requiredAttribute(element: Element, name: string, path: string): string {
  const text = element.attribute(name);
  if (text === undefined) throw new PayloadError('missing-attribute', `${path}/@${name}`, 'the attribute is required');
  return text;
}

/** @throws PayloadError when it is not there or no xs:int */
export function intAttribute(element: Element, name: string, path: string): number {
  const text = requiredAttribute(element, name, path);
  return valid(parseInt32(text.trim()), `${path}/@${name}`, 'a 32-bit integer', text);
}

/** False when it is not there. @throws PayloadError when it is no xs:boolean */
export function flagAttribute(element: Element, name: string, path: string): boolean {
  return booleanAttribute(element, name, path) ?? false;
}

/** @throws PayloadError when it is no xs:boolean */
export function booleanAttribute(element: Element, name: string, path: string): boolean | undefined {
  const text = element.attribute(name);
  return text === undefined ? undefined : valid(parseBoolean(text.trim()), `${path}/@${name}`, 'a boolean', text);
}

/**
 * @param defaultZone where a time without a time zone is from; local time when not given
 * @throws PayloadError when it is no xs:dateTime
 */
export function dateTimeAttribute(
  element: Element,
  name: string,
  path: string,
  defaultZone?: string,
): Date | undefined {
  const text = element.attribute(name);
  return text === undefined
    ? undefined
    : valid(parseDateTime(text.trim(), defaultZone), `${path}/@${name}`, 'a date and time of XML Schema', text);
}

/** What a reader made of the text. @throws PayloadError when it made undefined of it */
export function valid<T>(value: T | undefined, path: string, expected: string, text: string): T {
  if (value === undefined) {
    throw new PayloadError('invalid-value', path, `expected ${expected}, got ${JSON.stringify(text.slice(0, 60))}`);
  }
  return value;
}

/** The text, when it may stand in an XML document. @throws PayloadError */
export function outgoingText(text: string, path: string): string {
  if (!isXmlText(text))
    throw new PayloadError('invalid-value', path, 'the text has characters that XML does not allow');
  return text;
}

/** A text that is written only where there is one. @throws PayloadError */
export function optionalOutgoingText(text: string | undefined, path: string): string | undefined {
  return text === undefined ? undefined : outgoingText(text, path);
}

/** The instant as the value of an attribute. @throws PayloadError */
export function outgoingDateTime(date: Date, path: string): string {
  try {
    return formatDateTime(date);
  } catch (error) {
    if (error instanceof RangeError) throw new PayloadError('invalid-value', path, 'the date is not valid');
    throw error;
  }
}

/** The node that the attributes of an element name; undefined when they name none. @throws PayloadError */
export function decodeNode(element: Element, path: string): NodeReference | undefined {
  const nodeId = element.attribute('nodeId') ?? '';
  const sourceId = element.attribute('sourceId') ?? '';
  const cacheType = element.attribute('cacheType') ?? '';
  if (nodeId === '') {
    if (sourceId === '' && cacheType === '') return undefined;
    throw new PayloadError('missing-attribute', `${path}/@nodeId`, 'a node is named by its nodeId');
  }
  return { nodeId, ...(sourceId === '' ? {} : { sourceId }), ...(cacheType === '' ? {} : { cacheType }) };
}

/** The `<node/>` children of a request. @throws PayloadError */
export function decodeNodes(parent: Element): NodeReference[] {
  return parent.childrenNamed('node').map((element, i) => {
    const path = `${parent.name}/node[${i + 1}]`;
    const node = decodeNode(element, path);
    if (node === undefined) throw new PayloadError('missing-attribute', `${path}/@nodeId`, 'the attribute is required');
    return node;
  });
}

/** The reference as attributes, checked. @throws PayloadError */
export function outgoingNode(node: NodeReference, path: string): Record<string, string | undefined> {
  return {
    nodeId: outgoingText(node.nodeId, `${path}/@nodeId`),
    sourceId: optionalOutgoingText(node.sourceId, `${path}/@sourceId`),
    cacheType: optionalOutgoingText(node.cacheType, `${path}/@cacheType`),
  };
}

/** Tokens of delegated trust, passed through as they are. @see XEP-0324 §5.6 */
export interface Tokens {
  readonly serviceToken?: string | undefined;
  readonly deviceToken?: string | undefined;
  readonly userToken?: string | undefined;
}

export function decodeTokens(element: Element): Tokens {
  return {
    serviceToken: element.attribute('serviceToken'),
    deviceToken: element.attribute('deviceToken'),
    userToken: element.attribute('userToken'),
  };
}

/** @throws PayloadError */
export function outgoingTokens(tokens: Tokens, path: string): Record<string, string | undefined> {
  return {
    serviceToken: optionalOutgoingText(tokens.serviceToken, `${path}/@serviceToken`),
    deviceToken: optionalOutgoingText(tokens.deviceToken, `${path}/@deviceToken`),
    userToken: optionalOutgoingText(tokens.userToken, `${path}/@userToken`),
  };
}
