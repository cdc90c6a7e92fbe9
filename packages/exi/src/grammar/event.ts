/** Terminals of productions. The order is that of event codes in schema-informed grammars. @see EXI 1.0 §8.5.4.3 */
export const EVENT = {
  attribute: 0,
  attributeInNamespace: 1,
  attributeAny: 2,
  element: 3,
  elementInNamespace: 4,
  elementAny: 5,
  endElement: 6,
  /** Text of a datatype. */
  text: 7,
  /** Text as a string. */
  textUntyped: 8,
  startDocument: 9,
  endDocument: 10,
  namespace: 11,
  selfContained: 12,
  xsiType: 13,
  xsiNil: 14,
  /** An attribute whose value does not fit its datatype. */
  attributeInvalid: 15,
  docType: 16,
  entityReference: 17,
  comment: 18,
  processingInstruction: 19,
} as const;

export type EventType = (typeof EVENT)[keyof typeof EVENT];
export const EVENT_COUNT = 20;
