import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PROXY_HEADER_BYTES, type ProxyHeader, ProxyProtocolError, parseProxyHeader } from './proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const hex = (text: string) => Buffer.from(SIGNATURE + text.replaceAll(' ', ''), 'hex');
const port = fc.nat(65_535);

/** The header of version 2. */
function binary(command: number, family: number, content: Uint8Array): Buffer {
  const fixed = Buffer.from([0x20 | command, family, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([Buffer.from(SIGNATURE, 'hex'), fixed, content]);
}

describe('version 1', () => {
  it.each<[string, ProxyHeader['source']]>([
    ['PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n', { address: '192.168.0.1', port: 56_324 }],
    ['PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n', { address: '255.255.255.255', port: 65_535 }],
    ['PROXY TCP6 2001:DB8:0:0::1 ::1 0 1\r\n', { address: '2001:db8::1', port: 0 }],
    ['PROXY UNKNOWN\r\n', undefined],
    ['PROXY UNKNOWN anything at all\r\n', undefined],
  ])('%j', (line, source) => {
    expect(parseProxyHeader(Buffer.from(`${line}<stream`))).toEqual({ length: line.length, source });
  });

  it.each([
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n',
    'PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n',
    'PROXY TCP4 ::1 ::1 1 2\r\n',
    'PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n',
    'PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n',
    'PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n',
    'PROXY \r\n',
    `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
    'PROXY\tTCP4 1.2.3.4 1.2.3.4 1 2\r\n',
    `<?xml version='1.0'?>`,
    'GET / HTTP/1.1\r\n',
  ])('%j is none', (line) => {
    expect(() => parseProxyHeader(Buffer.from(line))).toThrow(ProxyProtocolError);
  });

  it('takes every address and port', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), port, port, fc.uint8Array(), (from, to, fromPort, toPort, rest) => {
        const line = `PROXY TCP4 ${from} ${to} ${fromPort} ${toPort}\r\n`;
        expect(parseProxyHeader(Buffer.concat([Buffer.from(line), rest]))).toEqual({
          length: line.length,
          source: { address: from, port: fromPort },
        });
      }),
    );
  });
});

describe('version 2', () => {
  it.each<[string, number, ProxyHeader['source']]>([
    ['21 11 000c c0a80001 c0a8000b dc04 01bb', 28, { address: '192.168.0.1', port: 56_324 }],
    ['21 11 000f c0a80001 c0a8000b dc04 01bb 040000', 31, { address: '192.168.0.1', port: 56_324 }],
    [
      `21 21 0024 20010db8000000000000000000000001 ${'00'.repeat(16)} 0001 0002`,
      52,
      { address: '2001:db8::1', port: 1 },
    ],
    ['20 00 0000', 16, undefined],
    ['20 ff 0001 00', 17, undefined],
    ['21 00 0000', 16, undefined],
    ['21 12 000c c0a80001 c0a8000b dc04 01bb', 28, undefined],
    [`21 31 00d8 ${'61'.repeat(216)}`, 232, undefined],
  ])('%s', (text, length, source) => {
    expect(parseProxyHeader(Buffer.concat([hex(text), Buffer.from('<stream')]))).toEqual({ length, source });
  });

  it.each([
    '11 11 000c',
    '22 11 000c',
    '21 41 000c',
    '21 13 000c',
    '21 11 000b',
    '21 21 000c',
    '21 11 ffff',
    '20 00 07f1',
  ])('%s is none', (text) => {
    expect(() => parseProxyHeader(hex(text))).toThrow(ProxyProtocolError);
  });

  it('takes every IPv6 address and port, and skips what follows', () => {
    const v6 = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(v6, v6, port, fc.uint8Array({ maxLength: 100 }), (from, to, fromPort, further) => {
        const ports = Buffer.from([fromPort >> 8, fromPort & 0xff, 0, 1]);
        const bytes = binary(1, 0x21, Buffer.concat([from, to, ports, further]));
        const header = parseProxyHeader(bytes);
        expect(header?.length).toBe(bytes.length);
        expect(header?.source?.port).toBe(fromPort);
        expect(header?.source?.address).toMatch(/^[\da-f:.]{2,45}$/);
      }),
    );
  });
});

it('in pieces, is the same header, and asks for more until it is whole', () => {
  const whole = fc.oneof(
    fc.constant(Buffer.from('PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n')),
    fc.uint8Array({ minLength: 12, maxLength: 100 }).map((content) => binary(1, 0x11, content)),
  );
  fc.assert(
    fc.property(whole, fc.nat(), (bytes, cut) => {
      const header = parseProxyHeader(bytes);
      expect(header?.length).toBe(bytes.length);
      expect(parseProxyHeader(bytes.subarray(0, cut % bytes.length))).toBeUndefined();
    }),
  );
});

it('whatever comes is a header, the beginning of one that is not too long, or refused', () => {
  const start = fc.constantFrom(Buffer.alloc(0), Buffer.from('PROXY '), Buffer.from(SIGNATURE, 'hex'), hex('21'));
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 3000 }), (beginning, rest) => {
      const bytes = Buffer.concat([beginning, rest]);
      try {
        const header = parseProxyHeader(bytes);
        if (header) expect(header.length).toBeLessThanOrEqual(bytes.length);
        else expect(bytes.length).toBeLessThan(MAX_PROXY_HEADER_BYTES);
      } catch (error) {
        expect(error).toBeInstanceOf(ProxyProtocolError);
      }
    }),
  );
});
