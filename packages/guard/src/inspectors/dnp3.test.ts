import {
  COLD_RESTART,
  DIRECT_OPERATE,
  ENABLE_UNSOLICITED,
  encodeCarriedRequest,
  encodeCarriedResponse,
  type Fragment,
  IMMEDIATE_FREEZE,
  LATCH_ON,
  type ObjectHeader,
  OPERATE,
  PULSE_ON,
  packetOf,
  packetToXml,
  READ,
  RESPONSE,
  SELECT,
  TRIP,
  WRITE,
} from '@thingward/dnp3';
import { parseElement } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import type { FoundOperation } from '../operation.ts';
import { dnp3Inspector } from './dnp3.ts';

const STANZA = { kind: 'iq', type: 'set', from: 'scada@a.b', to: 'plant@a.b', isNested: false } as const;

function carried(code: number, objects: readonly ObjectHeader[], rest?: Fragment['rest']) {
  const fragment: Fragment = {
    control: { first: true, final: true, confirm: false, unsolicited: false, sequence: 3 },
    function: code,
    ...(code === RESPONSE ? { indications: 0 } : {}),
    objects,
    ...(rest ? { rest } : {}),
  };
  const control = {
    fromMaster: code !== RESPONSE,
    primary: true,
    frameCount: false,
    countValidOrBusy: false,
    function: 4,
  };
  return { ...packetOf(fragment, { destination: 10, source: 1, control, sequence: 0 }), fragment };
}

const found = (code: number, objects: readonly ObjectHeader[], rest?: Fragment['rest']) =>
  dnp3Inspector.inspect(encodeCarriedRequest({ packet: carried(code, objects, rest) }), STANZA);
const short = ({ action, facts }: FoundOperation) =>
  [action, facts.table, facts.address, facts.lastAddress, facts.number, facts.text]
    .filter((part) => part !== undefined)
    .join(' ');

const all = (group: number, variation: number): ObjectHeader => ({
  group,
  variation,
  prefix: 'none',
  range: 'all',
  items: [],
});
const range = (
  group: number,
  variation: number,
  start: number,
  items: ObjectHeader['items'],
  stop?: number,
): ObjectHeader => ({
  group,
  variation,
  prefix: 'none',
  range: 'start-stop-16',
  start,
  stop: stop ?? start + items.length - 1,
  items,
});
const indexed = (group: number, variation: number, items: ObjectHeader['items']): ObjectHeader => ({
  group,
  variation,
  prefix: 'index-16',
  range: 'count-16',
  count: items.length,
  items,
});
const control = (index: number, operation: number, tripClose = 0) =>
  indexed(12, 1, [{ index, code: operation | (tripClose << 6), count: 1, onTime: 100, offTime: 0, status: 0 }]);

describe('what a request would do', () => {
  it.each<[string, number, readonly ObjectHeader[], readonly string[]]>([
    ['read all', READ, [all(30, 0)], ['read analogInput 0 4294967295']],
    ['read a range', READ, [range(1, 2, 5, [], 9)], ['read binaryInput 5 9']],
    ['read points', READ, [indexed(40, 0, [{ index: 7 }, { index: 3 }])], ['read analogOutput 3 7']],
    ['poll', READ, [all(60, 2), all(60, 1)], ['read class class 1', 'read class class 0']],
    ['latch', DIRECT_OPERATE, [control(4, LATCH_ON)], ['write binaryOutput 4 4 1.0 latch-on']],
    ['trip', OPERATE, [control(4, PULSE_ON, TRIP)], ['write binaryOutput 4 4 0.0 pulse-on trip']],
    ['an odd code', OPERATE, [control(4, 9)], ['write binaryOutput 4 4 9']],
    [
      'set-points',
      SELECT,
      [indexed(41, 2, [{ index: 0, value: 400, status: 0 }]), indexed(41, 3, [{ index: 1, value: 12.5, status: 0 }])],
      ['write analogOutput 0 0 400.0 400', 'write analogOutput 1 1 12.5 12.5'],
    ],
    [
      'a set-point between decimals',
      DIRECT_OPERATE,
      [indexed(41, 3, [{ index: 1, value: Math.fround(0.1), status: 0 }])],
      ['write analogOutput 1 1 0.1 0.1', 'write analogOutput 1 1 0.1001 0.1'],
    ],
    [
      'a set-point that is no number',
      DIRECT_OPERATE,
      [indexed(41, 3, [{ index: 1, value: Number.NaN, status: 0 }])],
      ['write analogOutput 1 1 NaN'],
    ],
    [
      'clear restart',
      WRITE,
      [range(80, 1, 7, [{ index: 7, value: 0 }])],
      ['execute internalIndication 7 7 0.0 device-restart'],
    ],
    ['a deadband', WRITE, [range(34, 1, 2, [{ index: 2, value: 50 }])], ['write analogDeadband 2 2 50.0 50']],
    [
      'the time',
      WRITE,
      [{ group: 50, variation: 1, prefix: 'none', range: 'count-8', count: 1, items: [{ time: 1_700_000_000_000 }] }],
      ['execute time 2023-11-14T22:13:20.000Z'],
    ],
    ['freeze', IMMEDIATE_FREEZE, [all(20, 0)], ['execute counter 0 4294967295']],
    ['restart', COLD_RESTART, [], ['execute']],
    ['reports', ENABLE_UNSOLICITED, [all(60, 2)], ['subscribe class class 1']],
    ['confirm', 0, [], ['read']],
    ['open a file', 25, [], ['unknown']],
    ['authenticate', 32, [], ['unknown']],
    ['another function', 77, [], ['unknown']],
    ['files', READ, [all(70, 5)], ['unknown']],
    ['objects nobody knows', READ, [all(200, 1)], ['unknown']],
    [
      'a pattern',
      OPERATE,
      [indexed(12, 2, [{ index: 4, code: 3, count: 1, onTime: 1, offTime: 1, status: 0 }])],
      ['unknown'],
    ],
    ['operate inputs', OPERATE, [indexed(30, 2, [{ index: 4, value: 3, flags: 1 }])], ['unknown']],
    ['nothing', WRITE, [], ['unknown']],
  ])('%s', (_, code, objects, expected) => {
    const operations = found(code, objects);
    expect(operations.map(short)).toEqual(expected);
    for (const { facts, resource } of operations) {
      expect(facts).toMatchObject({ protocol: 'dnp3', unit: 10, function: code });
      expect(resource).toEqual({ kind: 'thing', jid: 'plant@a.b' });
    }
  });

  it('is unknown where it can not be read to its end', () => {
    const rest = { octets: Uint8Array.of(12, 1, 0x99), problem: 'reserved' };
    expect(found(DIRECT_OPERATE, [control(4, LATCH_ON)], rest).map(short)).toEqual(['unknown']);
  });

  it('is what the outstation gets, however it is written', () => {
    // A command, passed off as a rest that can not be understood, and a set-point that a float rounds.
    const block = [12, 1, 0x17, 1, 4, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const rest = { octets: Uint8Array.from(block), problem: 'nothing to see here' };
    expect(found(DIRECT_OPERATE, [control(5, LATCH_ON)], rest).map(short)).toEqual([
      'write binaryOutput 5 5 1.0 latch-on',
      'write binaryOutput 4 4 1.0 latch-on',
    ]);
    expect(found(DIRECT_OPERATE, [indexed(41, 3, [{ index: 1, value: 99_999_999, status: 0 }])]).map(short)).toEqual([
      'write analogOutput 1 1 100000000.0 100000000',
    ]);
  });
});

it('passes answers', () => {
  expect(dnp3Inspector.inspect(encodeCarriedResponse(carried(RESPONSE, [])), STANZA)).toEqual([]);
  expect(dnp3Inspector.inspect(encodeCarriedResponse(undefined), STANZA)).toEqual([]);
});

const PACKET = packetToXml(carried(READ, [all(60, 1)])).toString();
it.each([
  '',
  `${PACKET}${PACKET}`,
  PACKET.replace("function='unconfirmed-user-data'", "function='confirmed-user-data'"),
  PACKET.replace("from='master'", "from='outstation'"),
  PACKET.replace("sequence='0'", "sequence='0' final='false'"),
  PACKET.replace("function='read'", "function='response'"),
  PACKET.replace('</packet>', "<x xmlns='urn:x'/></packet>"),
  PACKET.replace("sequence='3'", "sequence='3' first='false'"),
])('does not understand %s', (content) => {
  const payload = parseElement(`<request xmlns='urn:thingward:dnp3:1'>${content}</request>`);
  expect(dnp3Inspector.inspect(payload, STANZA)).toMatchObject([{ action: 'unknown', facts: { protocol: 'dnp3' } }]);
});
