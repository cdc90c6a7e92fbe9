import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressIn, addressKey } from './address-key.ts';

describe('addressKey', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['2001:0db8:0000:0001:ffff:ffff:ffff:ffff', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.33', '64:ff9b:0:0::/64'],
    ['', ''],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it('says the same of all addresses of a network of 64 bits, and never of two networks', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), (a, b) => {
        const network = (address: string) => new URL(`http://[${address}]`).hostname;
        const expand = (address: string) => {
          const [head = '', tail] = network(address).slice(1, -1).split('::') as [string, string?];
          const first = head.split(':').filter(Boolean);
          const last = (tail ?? '').split(':').filter(Boolean);
          const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
          return [...first, ...Array(zeros).fill('0'), ...last].slice(0, 4).join(':');
        };
        fc.pre(!/^::ffff:[\d.]+$/i.test(a) && !/^::ffff:[\d.]+$/i.test(b));
        expect(addressKey(a) === addressKey(b)).toBe(expand(a) === expand(b));
      }),
    );
  });
});

it('addressIn takes the port off', () => {
  expect(addressIn('192.0.2.1:5222')).toBe('192.0.2.1');
  expect(addressIn('2001:db8::1:5222')).toBe('2001:db8::1');
});
