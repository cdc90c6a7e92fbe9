import { type Element, xml } from '@thingward/xml';
import type { FunctionKind } from '../function-row.ts';
import type { ModbusRequest, ModbusResponse } from '../pdu.ts';
import { INSTANT, malformedXml, NAME, optional, UINT8, UINT16 } from './attribute.ts';
import { decodeShape, encodeShape, type Shape } from './shape.ts';
import { EXCEPTION, type FunctionShapes, SHAPES } from './shapes.ts';

/** The namespace of Modbus packets as XML; `packet.xsd` is its schema. */
export const MODBUS_NAMESPACE = 'urn:thingward:modbus:1';

interface Envelope {
  readonly unit: number;
  /** The transaction identifier of Modbus TCP; serial lines have none. */
  readonly transaction?: number | undefined;
  /** Which of the lines behind the address it goes to, where there are several. */
  readonly line?: string | undefined;
}

/** A request on its way to a device. */
export interface RequestPacket extends Envelope {
  /** When it must not be carried out any more, by the clock of who sent it. */
  readonly expires?: Date | undefined;
  readonly request: ModbusRequest;
}

/** A device's answer. */
export interface ResponsePacket extends Envelope {
  /** Undefined for what was sent to every unit of a serial line: nobody answers. */
  readonly response: ModbusResponse | undefined;
}

/** The element of a packet that was sent to every unit, in the place of an answer. */
const BROADCAST = 'broadcast';

const KIND_BY_ELEMENT: ReadonlyMap<string, FunctionKind | 'opaque'> = new Map(
  Object.entries(SHAPES).map(([kind, { element }]) => [element, kind as FunctionKind | 'opaque']),
);

/** `<request/>`: the function is an element, what belongs to it are its attributes. */
export function encodeRequestPacket({ request, ...envelope }: RequestPacket): Element {
  const { element, request: shape } = SHAPES[request.kind];
  return envelop('request', REQUEST_ENVELOPE, envelope, encodeShape(element, shape, { ...request }));
}

/** @throws ModbusError `malformed-xml` */
export function decodeRequestPacket(element: Element): RequestPacket {
  const { payload, values } = open(element, 'request', REQUEST_ENVELOPE);
  const envelope = values as Omit<RequestPacket, 'request'>;
  const kind = KIND_BY_ELEMENT.get(payload.name);
  if (kind === undefined) throw malformedXml(`request/${payload.name}`, 'no such function');
  return { ...envelope, request: decodePayload<ModbusRequest>(payload, kind, SHAPES[kind], 'request') };
}

/** `<response/>`: the function's element, or an `<exception/>`. */
export function encodeResponsePacket({ response, ...envelope }: ResponsePacket): Element {
  if (response === undefined) return envelop('response', ENVELOPE, envelope, xml(BROADCAST));
  if (response.kind === 'exception') {
    return envelop('response', ENVELOPE, envelope, encodeShape(response.kind, EXCEPTION, { ...response }));
  }
  const { element, response: shape } = SHAPES[response.kind];
  return envelop('response', ENVELOPE, envelope, encodeShape(element, shape, { ...response }));
}

/** @throws ModbusError `malformed-xml` */
export function decodeResponsePacket(element: Element): ResponsePacket {
  const { payload, values } = open(element, 'response', ENVELOPE);
  const envelope = values as Omit<ResponsePacket, 'response'>;
  if (payload.name === BROADCAST) {
    decodeShape(payload, { attributes: {} }, `response/${BROADCAST}`);
    return { ...envelope, response: undefined };
  }
  if (payload.name === 'exception') {
    const { functionCode, exceptionCode } = decodeShape(payload, EXCEPTION, 'response/exception');
    const response = { functionCode: Number(functionCode), exceptionCode: Number(exceptionCode) };
    return { ...envelope, response: { kind: 'exception', ...response } };
  }
  const kind = KIND_BY_ELEMENT.get(payload.name);
  if (kind === undefined) throw malformedXml(`response/${payload.name}`, 'no such function');
  return { ...envelope, response: decodePayload<ModbusResponse>(payload, kind, SHAPES[kind], 'response') };
}

function decodePayload<Pdu>(
  payload: Element,
  kind: FunctionKind | 'opaque',
  shapes: FunctionShapes,
  part: 'request' | 'response',
): Pdu {
  // The shape of a kind has the names and types of its PDU.
  return { kind, ...decodeShape(payload, shapes[part], `${part}/${payload.name}`) } as Pdu;
}

const ENVELOPE: Shape = {
  attributes: { unit: UINT8, transaction: optional(UINT16), line: optional(NAME) },
};
const REQUEST_ENVELOPE: Shape = { attributes: { ...ENVELOPE.attributes, expires: optional(INSTANT) } };

function envelop(name: string, shape: Shape, envelope: Envelope, payload: Element): Element {
  return encodeShape(name, shape, { ...envelope }, MODBUS_NAMESPACE).append(payload);
}

function open(element: Element, name: string, shape: Shape) {
  if (!element.is(name, MODBUS_NAMESPACE)) {
    throw malformedXml(element.name, `expected <${name} xmlns='${MODBUS_NAMESPACE}'/>`);
  }
  const [payload, ...others] = element.elements;
  if (!payload) throw malformedXml(name, 'holds no function');
  if (others.length > 0) throw malformedXml(name, 'holds more than one function');
  if (payload.namespace !== MODBUS_NAMESPACE) throw malformedXml(`${name}/${payload.name}`, 'is of another namespace');
  return { payload, values: decodeShape(xml(name, { ...element.attributes }, element.text), shape, name) };
}
