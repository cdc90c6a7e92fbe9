import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FindingError } from './finding-error.ts';
import { decodeSsdp, encodeSsdp } from './ssdp-message.ts';

describe('SSDP', () => {
  it('UPnP Device Architecture 2.0 §1.3.2: is read as it is written', () => {
    const search = encodeSsdp('search', { HOST: '239.255.255.250:1900', MAN: '"ssdp:discover"', MX: 1, EXT: '' });
    expect(search.toString()).toBe(
      'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nEXT:\r\n\r\n',
    );
    const { kind, headers } = decodeSsdp(search);
    expect(kind).toBe('search');
    expect(Object.fromEntries(headers)).toEqual({
      ...{ HOST: '239.255.255.250:1900', MAN: '"ssdp:discover"', MX: '1', EXT: '' },
    });
  });

  it('is read in any case, with lines that end as they like, up to an empty one', () => {
    const { kind, headers } = decodeSsdp(Buffer.from('http/1.1 200 ok\nst:a\nSt: b\nLocation:http://x/\n\nNo header'));
    expect([kind, headers.get('ST'), headers.get('LOCATION'), headers.size]).toEqual(['response', 'a', 'http://x/', 2]);
  });

  it.each([
    '',
    'GET / HTTP/1.1\r\n\r\n',
    'HTTP/1.1 404 Not Found\r\n\r\n',
    'NOTIFY * HTTP/1.1\r\nno header\r\n\r\n',
    'NOTIFY * HTTP/1.1\r\n: x\r\n\r\n',
    `NOTIFY * HTTP/1.1\r\n${Array.from({ length: 65 }, (_, index) => `A${index}: x\r\n`).join('')}\r\n`,
    `NOTIFY * HTTP/1.1\r\nA: ${'x'.repeat(9000)}\r\n\r\n`,
  ])('%j is none', (text) => {
    expect(() => decodeSsdp(Buffer.from(text))).toThrow(FindingError);
  });

  it('comes back as it was, for any headers', () => {
    const name = fc.stringMatching(/^[A-Z][A-Z\d.-]{0,20}$/);
    const value = fc.string({ maxLength: 40 }).filter((text) => text === text.trim());
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 20 }), (headers) => {
        expect(Object.fromEntries(decodeSsdp(encodeSsdp('notify', headers)).headers)).toEqual({ ...headers });
      }),
    );
  });
});
