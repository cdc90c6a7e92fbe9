import { expect, it } from 'vitest';
import { type FoundServer, inOrderOfPreference } from './found-server.ts';

const door = (method: FoundServer['method'], host: string, tls: FoundServer['tls'] = 'starttls'): FoundServer => ({
  method,
  domain: 'example.org',
  host,
  port: 5222,
  tls,
});

it('prefers what an administrator has told the network, and TLS from the first byte', () => {
  const found = [door('mdns', 'a'), door('mdns', 'b', 'direct'), door('dns', 'c'), door('dhcp', 'd'), door('dns', 'A')];
  expect(inOrderOfPreference(found).map(({ method, host }) => `${method} ${host}`)).toEqual([
    'dhcp d',
    'dns c',
    'dns A',
    'mdns b',
  ]);
});

it('keeps the order of doors that are alike', () => {
  expect(inOrderOfPreference([door('dns', 'b'), door('dns', 'a')]).map(({ host }) => host)).toEqual(['b', 'a']);
});
