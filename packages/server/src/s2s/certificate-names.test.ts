import { describe, expect, it } from 'vitest';
import { certificateNames, matchesDomain } from './certificate-names.ts';

const proves = (names: string, domain: string) => matchesDomain(certificateNames(names), domain);

describe('the names of a certificate', () => {
  it('prove a domain: DNS-ID, SRV-ID, XmppAddr (RFC 6120 §13.7.1.2)', () => {
    expect(proves('DNS:Example.org, DNS:other.example', 'example.org')).toBe(true);
    expect(proves('othername:SRVName:_xmpp-server.example.org', 'example.org')).toBe(true);
    expect(proves('othername:XmppAddr:example.org', 'example.org')).toBe(true);
    expect(proves('DNS:xn--bcher-kva.example', 'bücher.example')).toBe(true);
  });

  it('have a wildcard for one label only', () => {
    expect(proves('DNS:*.example.org', 'a.example.org')).toBe(true);
    expect(proves('DNS:*.example.org', 'example.org')).toBe(false);
    expect(proves('DNS:*.example.org', 'a.b.example.org')).toBe(false);
    expect(proves('DNS:*.org', 'example.org')).toBe(false);
    expect(proves('DNS:*', 'localhost')).toBe(false);
  });

  it('prove nothing else', () => {
    expect(proves('', 'example.org')).toBe(false);
    expect(certificateNames(undefined)).toEqual({ dns: [], xmpp: [] });
    expect(proves('DNS:example.org.evil.example', 'example.org')).toBe(false);
    expect(proves('othername:SRVName:_xmpp-client.example.org', 'example.org')).toBe(false);
    expect(proves('URI:https://example.org', 'example.org')).toBe(false);
    // Node.js quotes what could be taken for further names.
    expect(proves('DNS:"evil.example, DNS:example.org"', 'example.org')).toBe(false);
    expect(proves('URI:"http://evil.example/, DNS:example.org"', 'example.org')).toBe(false);
  });
});
