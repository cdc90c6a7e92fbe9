export { attributeRecord } from './attribute-record.ts';
export { type AttributeInput, type Attributes, type Content, Element, xml } from './element.ts';
export { XmlError, type XmlErrorCode } from './error.ts';
export { type CodedElement, Frame, type FrameHead, type QName } from './frame.ts';
export { NamespaceScope, XML_NAMESPACE, XMLNS_NAMESPACE } from './namespaces.ts';
export { declarationLength, parseElement } from './parse.ts';
export { ElementScanner, INCOMPLETE, type ScanHandler, type ScanLimits } from './scanner.ts';
export { DEFAULT_STREAM_LIMITS, type StreamEvent, type StreamLimits, StreamReader } from './stream-reader.ts';
export { decodeUtf8, encodeUtf8, escapeAttribute, escapeText, isXmlText } from './text.ts';
