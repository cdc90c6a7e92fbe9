import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MdnsRecord, mdnsRecords, missingQuestions, serversIn } from './mdns-records.ts';

const PRONTO = {
  machine: 'pronto',
  domain: 'example.com',
  addresses: ['10.2.1.188'],
  doors: [{ tls: 'starttls', port: 5222 }],
} as const;
const head = { ttl: 120, flush: false };

describe('records of multicast DNS', () => {
  it('are those that XEP-0347 prints', () => {
    const records = mdnsRecords(PRONTO).map(({ name, type, data }) => [name, type, data]);
    expect(records).toEqual([
      ['_services._dns-sd._udp.local', 'PTR', '_xmpp-client._tcp.local'],
      ['_xmpp-client._tcp.local', 'PTR', 'pronto._xmpp-client._tcp.local'],
      ['pronto._xmpp-client._tcp.local', 'SRV', { priority: 0, weight: 0, port: 5222, target: 'pronto.local' }],
      ['pronto._xmpp-client._tcp.local', 'TXT', ['txtvers=1', 'ordom=example.com']],
      ['pronto.local', 'A', '10.2.1.188'],
    ]);
  });

  it('tell of each door', () => {
    const doors = [...PRONTO.doors, { tls: 'direct', port: 5223 }] as const;
    const shared = { method: 'mdns', domain: 'example.com', host: '10.2.1.188' };
    expect(serversIn(mdnsRecords({ ...PRONTO, doors }))).toEqual([
      { ...shared, port: 5223, tls: 'direct' },
      { ...shared, port: 5222, tls: 'starttls' },
    ]);
  });

  it('name registries and Provisioning Servers, by their localparts or whole', () => {
    const records = mdnsRecords(PRONTO).map(
      (record): MdnsRecord =>
        record.type === 'TXT'
          ? { ...record, data: ['ORDOM=example.com', 'ordom=evil.example', 'regis=registry  a@b.example', 'provis='] }
          : record,
    );
    expect(serversIn(records)).toMatchObject([
      { domain: 'example.com', registries: ['registry@example.com', 'a@b.example'] },
    ]);
    expect(serversIn(records)[0]).not.toHaveProperty('provisioningServers');
  });

  it('are asked for while some are missing', () => {
    const [, pointer, location, text, address] = mdnsRecords(PRONTO) as MdnsRecord[];
    const name = 'pronto._xmpp-client._tcp.local';
    expect(missingQuestions([pointer!])).toEqual([
      { name, type: 'SRV' },
      { name, type: 'TXT' },
    ]);
    expect(missingQuestions([pointer!, location!, text!])).toEqual([
      { name: 'pronto.local', type: 'A' },
      { name: 'pronto.local', type: 'AAAA' },
    ]);
    expect(serversIn([pointer!, location!, text!])).toEqual([]);
    expect(missingQuestions([pointer!, location!, text!, address!])).toEqual([]);
  });

  it('may be any, and a server needs a pointer, a location, a text and an address', () => {
    const name = fc.constantFrom('_xmpp-client._tcp.local', 'a._xmpp-client._tcp.local', 'a.local', '');
    const record: fc.Arbitrary<MdnsRecord> = fc.oneof(
      fc.record({ name, data: name }).map((given): MdnsRecord => ({ ...head, ...given, type: 'PTR' })),
      fc
        .record({ name, data: fc.constantFrom('192.0.2.1', 'fe80::1', '2001:db8::1', 'x') })
        .map((given): MdnsRecord => ({ ...head, ...given, type: given.data.includes(':') ? 'AAAA' : 'A' })),
      fc.record({ name, data: fc.array(fc.string()) }).map((given): MdnsRecord => ({ ...head, ...given, type: 'TXT' })),
      fc.record({ name, port: fc.nat(65535), target: name }).map(
        ({ name: of, port, target }): MdnsRecord => ({
          ...head,
          name: of,
          type: 'SRV',
          data: { priority: 0, weight: 0, port, target },
        }),
      ),
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (records) => {
        for (const server of serversIn(records)) {
          expect(['192.0.2.1', '2001:db8::1']).toContain(server.host);
          for (const type of ['PTR', 'SRV', 'TXT']) expect(records.some((each) => each.type === type)).toBe(true);
        }
        missingQuestions(records);
      }),
    );
  });
});
