import { ModbusError, ModbusException } from '@thingward/modbus';
import { PeerError, StanzaError } from '@thingward/xmpp';
import { describe, expect, it } from 'vitest';
import { exceptionFor, expired, failureOf, refused } from './failure.ts';

/** Over the wire and back. */
const told = (error: StanzaError) => StanzaError.fromStanza({ child: () => error.toElement(), elements: [] } as never);

describe('what the egress says arrives as the exception it means', () => {
  it.each([
    [new ModbusError('outcome-unknown', 'lost'), 11, true],
    [new ModbusError('no-answer', 'silent'), 11, true],
    [new ModbusError('not-connected', 'no line'), 10, false],
    [new ModbusError('closed', 'no line'), 10, false],
    [new ModbusError('limit-exceeded', 'too long'), 3, false],
    [new StanzaError('resource-constraint', 'too many'), 6, false],
    [new StanzaError('item-not-found', 'no unit'), 10, false],
    [refused('no', 2), 2, false],
    [expired(), 11, false],
  ])('%s', (error, exceptionCode, isOutcomeUnknown) => {
    expect(exceptionFor(told(failureOf(error)), true)).toEqual({ exceptionCode, isOutcomeUnknown });
  });
});

describe('what happens on the way', () => {
  it.each([
    [new PeerError('not-connected', 'offline'), 10, false],
    [new PeerError('connection-lost', 'cut'), 11, true],
    [new StanzaError('service-unavailable'), 10, false],
    [new StanzaError('remote-server-timeout'), 11, true],
    [new StanzaError('forbidden'), 1, false],
    [new ModbusError('malformed-xml', 'nonsense'), 11, true],
    [new ModbusException(2), 2, false],
  ])('%s', (error, exceptionCode, isOutcomeUnknown) => {
    expect(exceptionFor(error, true)).toEqual({ exceptionCode, isOutcomeUnknown });
    // A read has changed nothing, whatever became of it.
    expect(exceptionFor(error, false)).toEqual({ exceptionCode, isOutcomeUnknown: false });
  });
});

it('bugs are no failures of the way', () => {
  expect(() => failureOf(new TypeError('bug'))).toThrow(TypeError);
  expect(() => exceptionFor(new TypeError('bug'), true)).toThrow(TypeError);
});

it.each(['0', '256', 'x', ''])('an exception code of "%s" is none', (exceptionCode) => {
  const error = refused('no', 1);
  const odd = new StanzaError('forbidden', 'no', { application: error.application?.with({ exceptionCode }) });
  expect(exceptionFor(told(odd), true).exceptionCode).toBe(1);
});
