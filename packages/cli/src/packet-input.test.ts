import { parseElement } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import { UsageError } from './errors.ts';
import { indentedXml } from './indented-xml.ts';
import { formatOctets, parseOctetFormat, parseOctets } from './packet-input.ts';

const OCTETS = Buffer.from([0x05, 0x64, 0x05, 0xc0]);

describe('octets of packets', () => {
  it.each(['056405c0', '05 64 05 C0\n', '05:64:05:c0', '0x05, 0x64, 0x05, 0xc0', 'BWQFwA==', ' BWQF\nwA== '])(
    'are recognised in %j',
    (text) => {
      expect(Buffer.from(parseOctets(Buffer.from(text)))).toEqual(OCTETS);
    },
  );

  it('are taken as they are when they are no text', () => {
    expect(Buffer.from(parseOctets(OCTETS))).toEqual(OCTETS);
    expect(Buffer.from(parseOctets(Buffer.from('0564'), 'binary'))).toEqual(Buffer.from('0564'));
    // Four hexadecimal digits are base64, too.
    expect(Buffer.from(parseOctets(Buffer.from('BWQF'), 'base64'))).toEqual(OCTETS.subarray(0, 3));
  });

  it('are refused where they are not in the format that was said', () => {
    expect(() => parseOctets(Buffer.from('056'), 'hex')).toThrow(UsageError);
    expect(() => parseOctets(Buffer.from('05-64!'), 'base64')).toThrow('this is no base64');
    expect(() => parseOctetFormat('octal')).toThrow('there is no format "octal" (there are: hex, base64, binary)');
  });

  it('are written in each format', () => {
    expect(formatOctets(OCTETS, 'hex')).toBe('056405c0\n');
    expect(formatOctets(OCTETS, 'base64')).toBe('BWQFwA==\n');
    expect(formatOctets(OCTETS, 'binary')).toBe(OCTETS);
  });
});

it('XML for people is the same XML', () => {
  const element = parseElement("<a xmlns='u' b='&lt;'><c/><d xmlns='v'>x &amp; y</d></a>");
  const text = indentedXml(element);
  expect(text).toBe("<a xmlns='u' b='&lt;'>\n  <c/>\n  <d xmlns='v'>x &amp; y</d>\n</a>\n");
  expect(String(parseElement(text).child('d', 'v'))).toBe(String(element.child('d', 'v')));
});
