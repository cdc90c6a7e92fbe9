import { describe, expect, it } from 'vitest';
import type { MdnsRecord } from './mdns-records.ts';
import { compareProposals } from './mdns-tie-break.ts';

const head = { name: 'pronto.local', ttl: 120, flush: true };
const a = (data: string): MdnsRecord => ({ ...head, type: 'A', data });
const aaaa = (data: string): MdnsRecord => ({ ...head, type: 'AAAA', data });
const srv = (port: number, target = 'pronto.local'): MdnsRecord => ({
  ...head,
  type: 'SRV',
  data: { priority: 0, weight: 0, port, target },
});

describe('two who want a name at the same time', () => {
  it('RFC 6762 §8.2: are told apart by the bytes of what they propose', () => {
    // The example of the RFC.
    expect(compareProposals([a('169.254.99.200')], [a('169.254.200.50')])).toBeLessThan(0);
    expect(compareProposals([a('169.254.200.50')], [a('169.254.99.200')])).toBeGreaterThan(0);
    expect(compareProposals([srv(5222)], [a('255.255.255.255')])).toBeGreaterThan(0);
    expect(compareProposals([srv(5222)], [srv(5223)])).toBeLessThan(0);
    expect(compareProposals([aaaa('fe80::1')], [aaaa('fe80::1:0')])).toBeLessThan(0);
    expect(compareProposals([aaaa('::ffff:1.2.3.4')], [aaaa('::ffff:102:304')])).toBe(0);
  });

  it('§8.2.1: the one with more of the same wins, and both may be one', () => {
    const both = [a('192.0.2.1'), srv(5222)];
    expect(compareProposals(both, [a('192.0.2.1')])).toBeGreaterThan(0);
    expect(compareProposals([a('192.0.2.1')], both)).toBeLessThan(0);
    expect(compareProposals(both, [...both].reverse())).toBe(0);
  });
});
