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
  SECURITY_POLICY_NONE,
} from './index.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));
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

/** A Read of the value of ns=2;s=Pump.Speed, with all that is around it. */
const READ = `4d5347465600000007000000 01000000 34000000 03000000
  01007702 0200 2a 0000000000000000 01000000 00000000 ffffffff a00f0000 000000
  0000000000000000 02000000 01000000 03 0200 0a000000 50756d702e5370656564 0d000000 ffffffff 0000 ffffffff`;

describe('what is written of a message', () => {
  it('can be read by people', () => {
    // Its length is as it is.
    const octets = hex(READ.replace('020000000100', '020000000100').replace('02002a', '002a'));
    octets[4] = octets.length;
    const [read] = decodeMessages(octets);
    expect(read).toMatchObject({ kind: 'channel' });
  });
});
