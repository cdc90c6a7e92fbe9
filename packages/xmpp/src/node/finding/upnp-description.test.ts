import { describe, expect, it } from 'vitest';
import { encodeDescription, serversInDescription } from './upnp-description.ts';

const SERVER = {
  udn: 'uuid:2fac1234-31f8-81b4-a222-08002b34c003',
  domain: 'example.org',
  doors: [
    { tls: 'direct', port: 5223 },
    { tls: 'starttls', port: 5222 },
  ],
  registries: ['registry.example.org'],
  provisioningServers: [],
  version: '0.1.0',
  configId: 7,
} as const;

describe('the description of a server as a UPnP device', () => {
  it('has what every device has', () => {
    const text = encodeDescription(SERVER);
    expect(text).toContain("<root xmlns='urn:schemas-upnp-org:device-1-0' configId='7'><specVersion><major>2</major>");
    expect(text).toContain('<deviceType>urn:thingward:device:XmppServer:1</deviceType>');
    expect(text).toContain('<UDN>uuid:2fac1234-31f8-81b4-a222-08002b34c003</UDN>');
  });

  it('tells of its doors, where it was read', () => {
    const shared = { method: 'ssdp', domain: 'example.org', host: '192.0.2.7', registries: ['registry.example.org'] };
    expect(serversInDescription(encodeDescription(SERVER), '192.0.2.7')).toEqual([
      { ...shared, port: 5223, tls: 'direct' },
      { ...shared, port: 5222, tls: 'starttls' },
    ]);
  });

  it('may tell of none that can be used', () => {
    const odd = encodeDescription(SERVER).replace("port='5223'", "port='0'").replace("tls='starttls'", "tls='none'");
    expect(serversInDescription(odd, '192.0.2.7')).toEqual([]);
  });

  it.each(['', '<root/>', 'not <xml', encodeDescription(SERVER).replace("domain='example.org'", "domain='a@b'")])(
    '%j is none',
    (text) => {
      expect(() => serversInDescription(text, '192.0.2.7')).toThrow('SSDP: the description of 192.0.2.7');
    },
  );
});
