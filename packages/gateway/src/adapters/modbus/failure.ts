import { MODBUS_NAMESPACE, ModbusError, ModbusException } from '@thingward/modbus';
import { type Element, xml } from '@thingward/xml';
import { PeerError, StanzaError, type StanzaErrorCondition } from '@thingward/xmpp';

/* What can go wrong between a master and a device, as a stanza error between the adapters and as an exception for the master. */

/** @see MODBUS Application Protocol V1.1b3 §7 */
export const EXCEPTION = {
  illegalFunction: 1,
  illegalDataAddress: 2,
  illegalDataValue: 3,
  deviceFailure: 4,
  deviceBusy: 6,
  pathUnavailable: 10,
  targetFailed: 11,
} as const;

/** A write was sent to the device, and whether it was done is not known. */
const OUTCOME_UNKNOWN = 'outcome-unknown';
/** It came, or would have been done, after its time. Nothing was sent to the device. */
const EXPIRED = 'expired';
/** The exception that a master is to be answered with, where the condition alone does not tell. */
const EXCEPTION_ELEMENT = 'exception';

/** What a master gets for each condition; anything else is the path's fault. */
const EXCEPTIONS: Readonly<Partial<Record<StanzaErrorCondition, number>>> = {
  forbidden: EXCEPTION.illegalFunction,
  'not-allowed': EXCEPTION.illegalFunction,
  'policy-violation': EXCEPTION.illegalFunction,
  'bad-request': EXCEPTION.illegalDataValue,
  'resource-constraint': EXCEPTION.deviceBusy,
  'remote-server-timeout': EXCEPTION.targetFailed,
  'undefined-condition': EXCEPTION.deviceFailure,
  'internal-server-error': EXCEPTION.deviceFailure,
};

/** What the egress says of a request that the device did not answer. */
export function failureOf(error: unknown): StanzaError {
  if (error instanceof StanzaError) return error;
  if (!(error instanceof ModbusError)) throw error;
  const { code, message } = error;
  switch (code) {
    case 'outcome-unknown':
      return new StanzaError('remote-server-timeout', message, { application: condition(OUTCOME_UNKNOWN) });
    case 'no-answer':
    case 'malformed-frame':
    case 'malformed-pdu':
    case 'address-overflow':
      return new StanzaError('remote-server-timeout', message);
    case 'not-connected':
    case 'closed':
      return new StanzaError('recipient-unavailable', message);
    case 'limit-exceeded':
    case 'malformed-xml':
      return new StanzaError('bad-request', message);
  }
}

/** @param exceptionCode what the master is to be answered with */
export function refused(text: string, exceptionCode: number): StanzaError {
  return new StanzaError('forbidden', text, {
    application: xml(EXCEPTION_ELEMENT, { xmlns: MODBUS_NAMESPACE, exceptionCode }),
  });
}

export function expired(): StanzaError {
  return new StanzaError('remote-server-timeout', 'its time is over: it was not sent to the device', {
    application: condition(EXPIRED),
  });
}

function condition(name: string): Element {
  return xml(name, { xmlns: MODBUS_NAMESPACE });
}

/** What a master is told, and whether the device may have been changed all the same. */
export interface Failure {
  readonly exceptionCode: number;
  readonly isOutcomeUnknown: boolean;
}

/** What the ingress makes of an error. A write that got no answer at all may have been done. */
export function exceptionFor(error: unknown, isWrite: boolean): Failure {
  if (error instanceof ModbusException) return { exceptionCode: error.exceptionCode, isOutcomeUnknown: false };
  if (error instanceof PeerError) {
    const isSent = error.code !== 'not-connected';
    const exceptionCode = isSent ? EXCEPTION.targetFailed : EXCEPTION.pathUnavailable;
    return { exceptionCode, isOutcomeUnknown: isWrite && isSent };
  }
  // What came as an answer makes no sense.
  if (error instanceof ModbusError) return { exceptionCode: EXCEPTION.targetFailed, isOutcomeUnknown: isWrite };
  if (!(error instanceof StanzaError)) throw error;
  const ours = error.applications.filter(({ namespace }) => namespace === MODBUS_NAMESPACE);
  const told = Number(ours.find(({ name }) => name === EXCEPTION_ELEMENT)?.attribute('exceptionCode'));
  const exceptionCode =
    Number.isInteger(told) && told >= 1 && told <= 0xff
      ? told
      : (EXCEPTIONS[error.condition] ?? EXCEPTION.pathUnavailable);
  const isExpired = ours.some(({ name }) => name === EXPIRED);
  // Also our own time-out, and a server on the way that got no answer.
  const isOutcomeUnknown = isWrite && error.condition === 'remote-server-timeout' && !isExpired;
  return { exceptionCode, isOutcomeUnknown };
}
