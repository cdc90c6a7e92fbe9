import { describe, expect, it } from 'vitest';
import { type ServerConfigInput, serverConfigSchema } from '../src/index.ts';

/** What is wrong, as `path: message`. */
function refusals(config: object): string[] {
  const { error } = serverConfigSchema.safeParse({ domain: 'example.org', ...config });
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
}

describe('the configuration', () => {
  it('needs a domain only, and is safe without anything else', () => {
    const config = serverConfigSchema.parse({ domain: 'Example.ORG' });
    expect(config.domain).toBe('example.org');
    expect(config.auth).toMatchObject({
      registration: 'closed',
      admins: [],
      allowPlaintext: false,
      anonymous: false,
      tokens: { enabled: true, lifetimeDays: 30, maxPerAccount: 100 },
    });
    expect(config.listen.c2s).toEqual({ host: '127.0.0.1', port: 5222 });
    expect(config.limits.maxAuthFailures).toBeLessThan(10);
  });

  it.each<[Partial<ServerConfigInput>['listen'], object]>([
    [{ c2s: '0.0.0.0:0' }, { host: '0.0.0.0', port: 0 }],
    [{ c2s: '[::1]:5222' }, { host: '::1', port: 5222 }],
    [{ c2s: 'xmpp.example.org:65535' }, { host: 'xmpp.example.org', port: 65_535 }],
  ])('takes %j', (listen, address) => {
    expect(serverConfigSchema.parse({ domain: 'example.org', listen }).listen).toEqual({ c2s: address });
  });

  it.each([
    [{ domian: 'x' }, /Unrecognized key: "domian"/],
    [{ listen: { c2c: '127.0.0.1:1' } }, /^listen: Unrecognized key: "c2c"/],
    [{ auth: { allowPlainText: true } }, /^auth: Unrecognized key: "allowPlainText"/],
    [{ limits: { maxStanzaByte: 1 } }, /^limits: Unrecognized key: "maxStanzaByte"/],
    [{ domain: 'user@example.org' }, /^domain: expected a domain name such as example.org, got "user@example.org"/],
    [{ domain: '' }, /^domain: expected a domain name/],
    [{ listen: { c2s: '5222' } }, /^listen.c2s: expected host:port such as 127.0.0.1:5222, got "5222"/],
    [{ listen: { c2s: 'localhost:' } }, /^listen.c2s: expected host:port/],
    [{ listen: { c2s: 'localhost:65536' } }, /^listen.c2s: expected host:port/],
    [{ listen: { c2s: 'localhost:-1' } }, /^listen.c2s: expected host:port/],
    [{ listen: { c2s: 5222 } }, /^listen.c2s: .*expected string/],
    [{ tls: { cert: 'cert.pem' } }, /^tls.key: /],
    [{ http: { metrics: 'token' } }, /^http.metricsToken: is needed with metrics: token/],
    [{ http: { metricsToken: 'sixteen-letters-x' } }, /^http.metricsToken: is needed with metrics: token/],
    [{ auth: { admins: ['example.org'] } }, /^auth.admins.0: expected an account such as owner@example.org/],
    [{ auth: { admins: ['a@elsewhere.org'] } }, /^auth.admins.0: a@elsewhere.org is no account of example.org/],
    [{ storage: 'postgres' }, /^storage: /],
    [{ auth: { registration: 'invited' } }, /^auth.registration: /],
    [{ limits: { maxStanzaBytes: 9999 } }, /^limits.maxStanzaBytes: .*10000/],
    [{ limits: { maxConnections: 0 } }, /^limits.maxConnections: /],
    [{ limits: { authTimeoutMs: 1.5 } }, /^limits.authTimeoutMs: /],
    [{ archive: { default: 'sometimes' } }, /^archive.default: /],
    [{ archive: { maxMessages: 0 } }, /^archive.maxMessages: /],
    [{ http: { publicUrl: 'example.org' } }, /^http.publicUrl: expected a URL such as https:\/\/example.org/],
    [{ bosh: { maxWaitSeconds: 0 } }, /^bosh.maxWaitSeconds: /],
    [{ proxyProtocol: {} }, /^proxyProtocol.from: /],
    [{ proxyProtocol: { from: ['10.0.0.0/33'] } }, /^proxyProtocol.from.0: expected addresses such as 192.0.2.0\/24/],
    [{ proxyProtocol: { from: ['::1/129'] } }, /^proxyProtocol.from.0: expected addresses/],
    [{ proxyProtocol: { from: ['proxy.example'] } }, /^proxyProtocol.from.0: expected addresses/],
    [{ proxyProtocol: { from: ['::1'], doors: ['s2s'] } }, /^proxyProtocol.doors.0: /],
    [{ upload: { publicUrl: 'example.org' } }, /^upload.publicUrl: expected a URL such as https:\/\/example.org/],
    [{ upload: { publicUrl: 'ftp://example.org' } }, /^upload.publicUrl: expected a URL/],
    [{ upload: { publicUrl: 'https://example.org/?a=b' } }, /^upload.publicUrl: expected a URL/],
  ])('refuses %j', (config, reason) => {
    const [first, ...others] = refusals(config);
    expect(first).toMatch(reason);
    expect(others).toEqual([]);
  });

  it.each([
    ['c2s', '0.0.0.0:5222'],
    ['http', '192.0.2.1:8080'],
    ['c2s', 'example.org:5222'],
    ['c2s', '127.0.0.1.example.org:5222'],
  ])('refuses plaintext while listen.%s is %s', (door, address) => {
    const config = { auth: { allowPlaintext: true }, listen: { [door]: address } };
    expect(refusals(config)).toEqual([
      expect.stringMatching(new RegExp(`^auth.allowPlaintext: can't be true while listen.${door} is `)),
    ]);
  });

  it('takes plaintext on loopback, whatever the door of direct TLS', () => {
    const listen = { c2s: '127.0.0.1:5222', c2sTls: '0.0.0.0:5223', http: '[::1]:8080' };
    expect(refusals({ auth: { allowPlaintext: true }, listen })).toEqual([]);
  });
});
