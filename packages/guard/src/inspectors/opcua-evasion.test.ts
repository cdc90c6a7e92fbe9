import {
  encodeCarriedRequest,
  encodeCarriedResponse,
  encodeMessage,
  messageToXml,
  type NodeId,
  type OpcUaMessage,
  type Variant,
} from '@thingward/opcua';
import { type Element, parseElement } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import {
  DATA_VALUE,
  DOUBLE,
  FLOAT,
  HEADER,
  hidden,
  INT32,
  many,
  message,
  node,
  number,
  one,
  STANZA,
  STRUCTURE,
  short,
  VARIANT,
  write,
} from '../../test/opcua-requests.ts';
import { opcuaInspector } from './opcua.ts';

const inspect = (element: Element) => opcuaInspector.inspect(parseElement(element.toString()), STANZA);
const found = (sent: OpcUaMessage) => inspect(encodeCarriedRequest({ message: sent }));
describe('nobody gets past it', () => {
  const speed = 'write ns=2;s=Speed Value 900.0 900';

  it('in a second write, in nested variants, or in data values', () => {
    const value = many(VARIANT, [
      one(DOUBLE, 1),
      many(VARIANT, [one(DATA_VALUE, { value: one(DOUBLE, 900) })]),
      one(VARIANT, one(INT32, 3)),
    ]);
    expect(found(write(node('Speed'), { value })).map(short)).toEqual([
      'write ns=2;s=Speed Value 1.0 1',
      speed,
      'write ns=2;s=Speed Value 3.0 3',
    ]);
    const item = { attributeId: 13, indexRange: null };
    const twice = message('WriteRequest', {
      nodesToWrite: [
        { ...item, nodeId: node('Speed'), value: { value: one(DOUBLE, 5) } },
        { ...item, nodeId: node('Speed'), value: { value: one(DOUBLE, 900) } },
      ],
    });
    expect(found(twice).map(short)).toContain(speed);
  });

  it('in an array whose dimensions say that it is shorter', () => {
    const value: Variant = { type: DOUBLE, isArray: true, value: [1, 900], dimensions: [1, 1] };
    expect(found(write(node('Speed'), { value })).map(short)).toContain(speed);
  });

  it('in chunks', () => {
    const sent = message(
      'WriteRequest',
      {
        nodesToWrite: [
          { nodeId: node('Speed'), attributeId: 13, indexRange: null, value: { value: one(DOUBLE, 900) } },
        ],
      },
      { chunkOctets: 7 },
    );
    expect(found(sent).map(short)).toEqual([speed]);
  });

  it('by another encoding of the same node', () => {
    const long: NodeId = { kind: 'numeric', namespace: 0, value: 85, form: 'numeric' };
    expect(found(write(long, {})).map(short)).toEqual(['write i=85 Value']);
    const guid = encodeCarriedRequest({
      message: write({ kind: 'guid', namespace: 1, value: '72962b91-fa75-4ae6-8d28-b404dc7daf63' }, {}),
    }).toString();
    const upper = parseElement(guid.replace('fa75', 'FA75'));
    expect(opcuaInspector.inspect(upper, STANZA).map(short)).toEqual([
      'write ns=1;g=72962b91-fa75-4ae6-8d28-b404dc7daf63 Value',
    ]);
  });

  it('in structures that nobody here understands, wherever they are', () => {
    const inValue = found(write(node('Speed'), { value: many(VARIANT, [one(STRUCTURE, hidden(number(5001, 3)))]) }));
    expect(inValue.map(short)).toEqual(['opaque ns=2;s=Speed ns=3;i=5001', 'write ns=2;s=Speed Value ns=3;i=5001']);
    const header = { ...HEADER, additionalHeader: hidden(number(9, 4)) };
    const inHeader = message('PublishRequest', { subscriptionAcknowledgements: null }, { header });
    expect(found(inHeader).map(short)).toEqual(['opaque ns=4;i=9', 'connect']);
    // One that is known, and does not hold what it should.
    expect(found(write(node('Speed'), { value: one(STRUCTURE, hidden(number(886))) })).map(short)[0]).toBe(
      'opaque ns=2;s=Speed i=886',
    );
  });

  it('as something that is signed, encrypted, not known, given up or not canonical', () => {
    const channel = { type: 'MSG', channelId: 1, security: { tokenId: 1 } } as const;
    const octets = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    expect(found({ kind: 'secured', ...channel, chunkType: 'F', octets }).map(short)).toEqual(['opaque']);
    const carried = { kind: 'channel', ...channel, requestId: 1 } as const;
    const opaque = (body: Uint8Array) => ({ kind: 'opaque', octets: body, problem: '' }) as const;
    const whole = { ...carried, chunks: [{ sequenceNumber: 1, octets: 9 }], body: opaque(octets) };
    expect(found(whole)).toMatchObject([{ action: 'opaque' }]);
    const abort = { error: 0x8000_0000, reason: null };
    const chunks = [
      { sequenceNumber: 1, octets: 9 },
      { sequenceNumber: 2, octets: 0 },
    ];
    expect(found({ ...whole, chunks, abort }).map(short)).toEqual(['opaque']);
  });

  it('by passing a write off as opaque', () => {
    const sent = write(node('Speed'), { value: one(DOUBLE, 900) });
    const octets = encodeMessage(sent).subarray(24);
    const disguised: OpcUaMessage = {
      kind: 'channel',
      type: 'MSG',
      channelId: 1,
      security: { tokenId: 1 },
      requestId: 3,
      chunks: [{ sequenceNumber: 0, octets: octets.length }],
      body: { kind: 'opaque', octets, problem: 'nothing to see here' },
    };
    expect(found(disguised).map(short)).toEqual([speed]);
    // A number that a float rounds.
    const text = encodeCarriedRequest({ message: write(node('Speed'), { value: one(FLOAT, 1) }) }).toString();
    const rounded = parseElement(text.replace("value='1'", "value='99999999'"));
    expect(opcuaInspector.inspect(rounded, STANZA).map(short)).toEqual([
      'write ns=2;s=Speed Value 100000000.0 100000000',
    ]);
  });

  it('with more values than one stanza may ask for: each is an operation', () => {
    const values = Array.from({ length: 1001 }, (_, i) => i);
    expect(found(write(node('Levels'), { value: many(INT32, values) }))).toHaveLength(1001);
  });
});

it('passes answers', () => {
  const hello: OpcUaMessage = {
    kind: 'transport',
    type: 'ACK',
    body: {
      kind: 'transport',
      name: 'Acknowledge',
      value: { protocolVersion: 0, receiveBufferSize: 1, sendBufferSize: 1, maxMessageSize: 0, maxChunkCount: 0 },
    },
  };
  expect(inspect(encodeCarriedResponse(hello))).toEqual([]);
  expect(found(hello)).toMatchObject([{ action: 'unknown' }]);
});

const MESSAGE = messageToXml(write(node('Speed'), { value: one(DOUBLE, 5) })).toString();
it.each([
  '',
  `${MESSAGE}${MESSAGE}`,
  MESSAGE.replace('</writeRequest>', '</writeRequest><writeRequest/>'),
  MESSAGE.replace('</nodesToWrite>', "<writeValue nodeId='i=1'/></nodesToWrite>"),
  MESSAGE.replace('</nodesToWrite>', '</nodesToWrite><nodesToWrite/>'),
  MESSAGE.replace("value='5'", "value='5' x='6'"),
  MESSAGE.replace("value='5'", "value='5' dimensions='1'"),
  MESSAGE.replace("type='Double'", "type='Double' array='false'"),
  MESSAGE.replace("type='Double'", "type='Decimal'"),
  MESSAGE.replace('</writeRequest>', "<x xmlns='urn:x'/></writeRequest>"),
  MESSAGE.replace('</writeValue>', 'text</writeValue>'),
  MESSAGE.replaceAll('writeRequest', 'writeResponse'),
  MESSAGE.replace("type='MSG'", "type='HEL'"),
  MESSAGE.replace("<chunk sequence='0'/>", ''),
  MESSAGE.replace("<chunk sequence='0'/>", "<chunk sequence='0' octets='9'/>"),
])('does not understand %s', (content) => {
  const payload = parseElement(`<request xmlns='urn:thingward:opcua:1'>${content}</request>`);
  expect(opcuaInspector.inspect(payload, STANZA)).toMatchObject([{ action: 'unknown', facts: { protocol: 'opcua' } }]);
});
