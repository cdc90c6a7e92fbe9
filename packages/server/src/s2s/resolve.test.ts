import { describe, expect, it } from 'vitest';
import { type DnsLookups, ServerResolver } from './resolve.ts';

const absent = () => Promise.reject(Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' }));
const broken = () => Promise.reject(Object.assign(new Error('queryA ETIMEOUT'), { code: 'ETIMEOUT' }));

function dns(lookups: Partial<DnsLookups>): DnsLookups {
  return { srv: absent, ipv4: absent, ipv6: absent, system: absent, ...lookups };
}

const record = (name: string, port: number, priority = 0, weight = 0) => ({ name, port, priority, weight });

describe('where a server is', () => {
  it('is told by SRV records, those of direct TLS among them by priority (XEP-0368 §3)', async () => {
    const resolver = new ServerResolver(
      dns({
        srv: async (name) =>
          name.startsWith('_xmpps-server.')
            ? [record('TLS.example.org', 443, 5)]
            : [record('b.example.org', 5270, 10), record('a.example.org', 5269, 1)],
      }),
    );
    expect(await resolver.targets('example.org')).toEqual([
      { host: 'a.example.org', port: 5269, direct: false },
      { host: 'tls.example.org', port: 443, direct: true },
      { host: 'b.example.org', port: 5270, direct: false },
    ]);
  });

  it('is the domain itself where there are none (RFC 6120 §3.2.2)', async () => {
    const target = { host: 'xn--bcher-kva.example', port: 5269, direct: false };
    expect(await new ServerResolver(dns({})).targets('bücher.example')).toEqual([target]);
  });

  it('is nowhere where a record says so (RFC 2782)', async () => {
    const resolver = new ServerResolver(dns({ srv: async () => [record('.', 0)] }));
    await expect(resolver.targets('example.org')).rejects.toMatchObject({ condition: 'remote-server-not-found' });
  });

  it('is what the configuration says, or the address that stands for the domain', async () => {
    const hosts = new Map([['example.org', { host: '192.0.2.1', port: 5270, direct: true }]]);
    const resolver = new ServerResolver(dns({ srv: broken }), hosts);
    expect(await resolver.targets('example.org')).toEqual([{ host: '192.0.2.1', port: 5270, direct: true }]);
    expect(await resolver.targets('[::1]')).toEqual([{ host: '::1', port: 5269, direct: false }]);
  });

  it('is asked for once while the answer holds', async () => {
    let [asked, now] = [0, 0];
    const srv = async () => {
      asked++;
      return [record('a.example.org', 5269)];
    };
    const resolver = new ServerResolver(dns({ srv }), new Map(), { now: () => now });
    await resolver.targets('example.org');
    await resolver.targets('example.org');
    expect(asked).toBe(2); // one for each kind of record
    now = 61_000;
    await resolver.targets('example.org');
    expect(asked).toBe(4);
  });
});

describe('the addresses of a target', () => {
  const target = { host: 'a.example.org', port: 5269, direct: false };

  it('take turns between the families (RFC 8305 §4)', async () => {
    const resolver = new ServerResolver(
      dns({
        ipv6: async () => ['2001:db8::1', '2001:db8::2'].map((address) => ({ address, ttl: 60 })),
        ipv4: async () => [{ address: '192.0.2.1', ttl: 60 }],
      }),
    );
    expect(await resolver.addresses(target)).toEqual(['2001:db8::1', '192.0.2.1', '2001:db8::2']);
  });

  it('come from the hosts file where DNS has none', async () => {
    const resolver = new ServerResolver(dns({ system: async () => [{ address: '127.0.0.1', family: 4 }] }));
    expect(await resolver.addresses(target)).toEqual(['127.0.0.1']);
  });

  it('are not found, or not to be found out', async () => {
    const nowhere = new ServerResolver(dns({})).addresses(target);
    await expect(nowhere).rejects.toMatchObject({ condition: 'remote-server-not-found' });
    const silent = new ServerResolver(dns({ ipv4: broken, ipv6: broken })).addresses(target);
    await expect(silent).rejects.toMatchObject({ condition: 'remote-server-timeout' });
  });
});
