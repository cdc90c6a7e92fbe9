import {
  COLD_RESTART,
  DIRECT_OPERATE,
  DIRECT_OPERATE_NO_RESPONSE,
  Dnp3Error,
  type Fragment,
  IIN,
  type ObjectHeader,
  packetOf,
  READ,
  SELECT,
} from '@thingward/dnp3';
import { PeerError, StanzaError } from '@thingward/xmpp';
import { describe, expect, it } from 'vitest';
import { answerInPlace, expired, type Failure, failureFor, failureOf } from './failure.ts';

/** Over the wire and back. */
const told = (error: StanzaError) => StanzaError.fromStanza({ child: () => error.toElement(), elements: [] } as never);

describe('what the egress says arrives as what it means', () => {
  it.each<[Error, Failure]>([
    [new Dnp3Error('outcome-unknown', 'lost'), 'unknown'],
    [new Dnp3Error('no-answer', 'silent'), 'unknown'],
    [new Dnp3Error('not-connected', 'no line'), 'not-done'],
    [new Dnp3Error('closed', 'no line'), 'not-done'],
    [new Dnp3Error('malformed-xml', 'nonsense'), 'refused'],
    [new StanzaError('resource-constraint', 'too many'), 'not-done'],
    [new StanzaError('item-not-found', 'no outstation'), 'not-done'],
    [new StanzaError('forbidden', 'no'), 'refused'],
    [expired(), 'not-done'],
  ])('%s', (error, failure) => {
    expect(failureFor(told(failureOf(error)))).toBe(failure);
  });
});

it.each<[Error, Failure]>([
  [new PeerError('not-connected', 'offline'), 'not-done'],
  [new PeerError('connection-lost', 'cut'), 'unknown'],
  [new StanzaError('service-unavailable'), 'not-done'],
  [new StanzaError('remote-server-timeout'), 'unknown'],
  [new Dnp3Error('malformed-xml', 'nonsense'), 'unknown'],
])('on the way: %s', (error, failure) => {
  expect(failureFor(error)).toBe(failure);
});

it('bugs are no failures of the way', () => {
  expect(() => failureOf(new TypeError('bug'))).toThrow(TypeError);
  expect(() => failureFor(new TypeError('bug'))).toThrow(TypeError);
});

describe('what a master is answered in place of its outstation', () => {
  const control: ObjectHeader = {
    group: 12,
    variation: 1,
    prefix: 'index-8',
    range: 'count-8',
    count: 1,
    items: [{ index: 3, code: 3, count: 1, onTime: 0, offTime: 0, status: 0 }],
  };
  function request(code: number, objects: readonly ObjectHeader[]) {
    const fragment: Fragment = {
      control: { first: true, final: true, confirm: false, unsolicited: false, sequence: 7 },
      function: code,
      objects,
    };
    const link = { fromMaster: true, primary: true, frameCount: false, countValidOrBusy: false, function: 4 };
    return { ...packetOf(fragment, { destination: 10, source: 1, control: link, sequence: 0 }), fragment };
  }

  it.each<[string, number, readonly ObjectHeader[], Failure, number | undefined, number | undefined]>([
    ['a command that is refused is not authorized', DIRECT_OPERATE, [control], 'refused', 0, 9],
    ['a selection, too', SELECT, [control], 'refused', 0, 9],
    ['a command that was not passed on failed downstream', DIRECT_OPERATE, [control], 'not-done', 0, 18],
    ['a command that may have been done gets no answer', DIRECT_OPERATE, [control], 'unknown', undefined, undefined],
    ['a function that is refused is not supported', COLD_RESTART, [], 'refused', IIN.functionNotSupported, undefined],
    ['a read that is refused asks for the wrong things', READ, [], 'refused', IIN.parameterError, undefined],
    ['a read that was not passed on gets no answer', READ, [], 'not-done', undefined, undefined],
    ['what is never answered is not', DIRECT_OPERATE_NO_RESPONSE, [control], 'refused', undefined, undefined],
  ])('%s', (_, code, objects, failure, indications, status) => {
    const answer = answerInPlace(request(code, objects), failure);
    expect(answer?.fragment?.indications).toBe(indications);
    expect(answer?.fragment?.objects[0]?.items[0]?.status).toBe(status);
    if (!answer) return;
    expect(answer).toMatchObject({ destination: 1, source: 10 });
    expect(answer.fragment?.control).toMatchObject({ first: true, final: true, sequence: 7 });
  });
});
