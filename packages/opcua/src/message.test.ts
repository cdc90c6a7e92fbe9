import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { message, messageOctets, service } from '../test/arbitrary.ts';
import { decodeServiceBody, encodeServiceBody } from '../test/internals.ts';
import {
  decodeMessages,
  encodeMessage,
  MessageReader,
  messageFromXml,
  messageToXml,
  OpcUaError,
  type OpcUaMessage,
  parseDateTime,
} from './index.ts';

const hexOf = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

describe('messages', () => {
  it('are the same octets after they were typed and XML', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const octets = encodeMessage(sent);
        const [received, ...others] = decodeMessages(octets);
        expect(others).toEqual([]);
        expect(hexOf(encodeMessage(received as NonNullable<typeof received>))).toBe(hexOf(octets));
        const read = messageFromXml(parseElement(messageToXml(received as NonNullable<typeof received>).toString()));
        expect(read).toEqual(received);
        expect(hexOf(encodeMessage(read))).toBe(hexOf(octets));
      }),
      { numRuns: 600 },
    );
  }, 60_000);

  it('of known services are read to their last octet', () => {
    fc.assert(
      fc.property(service, (sent) => {
        const read = decodeServiceBody(encodeServiceBody(sent));
        expect(read).toEqual(sent);
      }),
      { numRuns: 600 },
    );
  }, 60_000);

  it('are found in whatever pieces they come', () => {
    fc.assert(
      fc.property(fc.array(messageOctets, { maxLength: 3 }), fc.integer({ min: 1, max: 50 }), (sent, size) => {
        const octets = new Uint8Array(Buffer.concat(sent));
        const reader = new MessageReader();
        const found = [];
        for (let at = 0; at < octets.length; at += size) found.push(...reader.push(octets.slice(at, at + size)));
        expect(found).toEqual(decodeMessages(octets));
        expect(reader.isPending).toBe(false);
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it('of any octets are the same after XML, or a typed error', () => {
    const cut = fc.tuple(messageOctets, fc.nat(), fc.nat(255), fc.nat(3)).map(([octets, at, octet, drop]) => {
      const changed = Uint8Array.from(octets);
      changed[at % octets.length] = octet;
      return changed.slice(0, changed.length - (drop === 3 ? 1 : 0));
    });
    fc.assert(
      fc.property(cut, (octets) => {
        let found: ReturnType<typeof decodeMessages>;
        try {
          found = decodeMessages(octets);
        } catch (error) {
          expect(error).toBeInstanceOf(OpcUaError);
          return;
        }
        const again = found.map((one) => messageFromXml(parseElement(messageToXml(one).toString())));
        expect(hexOf(Buffer.concat(again.map(encodeMessage)))).toBe(hexOf(octets));
      }),
      { numRuns: 1000 },
    );
  }, 60_000);
});

describe('what is written of a message', () => {
  it('can be read by people', () => {
    const header = {
      authenticationToken: { kind: 'numeric', namespace: 0, value: 42 },
      timestamp: parseDateTime('2026-07-01T12:00:00.25Z') as bigint,
      requestHandle: 7,
      returnDiagnostics: 0,
      auditEntryId: null,
      timeoutHint: 4000,
      additionalHeader: { typeId: { kind: 'numeric', namespace: 0, value: 0 }, body: { kind: 'none' } },
    } as const;
    const node = { kind: 'string', namespace: 2, value: 'Pump.Speed' } as const;
    const sent: OpcUaMessage = {
      kind: 'channel',
      type: 'MSG',
      channelId: 12,
      security: { tokenId: 1 },
      requestId: 3,
      chunks: [{ sequenceNumber: 52, octets: 90 }],
      body: {
        kind: 'service',
        name: 'WriteRequest',
        value: {
          requestHeader: header,
          nodesToWrite: [
            {
              nodeId: node,
              attributeId: 13,
              indexRange: '1:2',
              value: { value: { type: 10, isArray: true, value: [0.1, -2] }, status: 0 },
            },
          ],
        },
      },
    };
    const text = String(messageToXml(sent));
    expect(text).toBe(
      "<message xmlns='urn:thingward:opcua:1' type='MSG' channel='12' token='1' request='3'><chunk sequence='52'/><writeRequest><requestHeader authenticationToken='i=42' timestamp='2026-07-01T12:00:00.25Z' requestHandle='7' returnDiagnostics='0' timeoutHint='4000'/><nodesToWrite><writeValue nodeId='ns=2;s=Pump.Speed' attributeId='Value' indexRange='1:2'><value status='Good'><value type='Float' array='true'>0.1 -2</value></value></writeValue></nodesToWrite></writeRequest></message>",
    );
    expect(hexOf(encodeMessage(messageFromXml(parseElement(text))))).toBe(
      // Header, channel, token, sequence, request, type of a WriteRequest (673).
      '4d534746' +
        '6b000000' +
        '0c000000' +
        '01000000' +
        '34000000' +
        '03000000' +
        '0100a102' +
        // Authentication token, timestamp, handle, diagnostics, audit entry, timeout, no additional header.
        '002a' +
        'a0c5a0245109dd01' +
        '07000000' +
        '00000000' +
        'ffffffff' +
        'a00f0000' +
        '000000' +
        // One value: node, attribute, index range, the value with its status.
        '01000000' +
        '0302000a00000050756d702e5370656564' +
        '0d000000' +
        '03000000313a32' +
        '03' +
        '8a' +
        '02000000' +
        'cdcccc3d' +
        '000000c0' +
        '00000000',
    );
  });
});
