import {
  type Credential,
  decodeAccessAnswer,
  decodeHasPrivilegeResponse,
  decodePrivileges,
  encodeAccessQuestion,
  encodeDownloadPrivileges,
  encodeHasPrivilege,
  encodeUserLoggedIn,
  listSeenServices,
  requestToken,
  TokenHolder,
} from '@thingward/things';
import { message } from '@thingward/xmpp';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { MemoryPeer } from '../../test/memory-network.ts';
import { ProvisioningStage, SERVICE } from '../../test/provisioning-stage.ts';
import { type TokenCertificate, tokenCertificate } from '../../test/token-certificate.ts';
import { isLike, knownUser, meets } from './credential-match.ts';

let certificate: TokenCertificate;
beforeAll(async () => {
  certificate = await tokenCertificate();
});

let stage: ProvisioningStage;
let dashboard: MemoryPeer;
let serviceToken: string;
let holder: TokenHolder;

beforeEach(async () => {
  stage = await ProvisioningStage.open({
    isAdministrator: async (jid) => jid.toString() === 'owner@localhost',
    services: [
      {
        name: 'dashboard',
        fingerprint: certificate.fingerprint,
        grants: [
          { allow: false, address: ['10.6.0.0/16'], privileges: [] },
          {
            allow: true,
            userName: ['kermit'],
            privileges: [
              { kind: 'exclude', id: 'Sensors.Delete' },
              { kind: 'include', id: 'Sensors' },
            ],
          },
          { allow: true, address: ['10.0.0.0/8'], privileges: [{ kind: 'include', id: 'Sensors.View' }] },
        ],
      },
    ],
  });
  dashboard = stage.network.peer('dashboard@localhost/service');
  holder = new TokenHolder(dashboard, () => stage.now);
  holder.serve();
  serviceToken = await requestToken(dashboard, SERVICE, certificate);
  holder.add(serviceToken, certificate);
  holder.sending(SERVICE, { serviceToken });
});
afterEach(() => stage.close());

async function enter(credentials: readonly Credential[], peer = dashboard) {
  const answer = await peer.request('get', SERVICE, encodeAccessQuestion({ serviceToken, credentials }));
  return decodeAccessAnswer(answer as never);
}

async function may(userToken: string, privilegeId: string, peer = dashboard): Promise<boolean> {
  const question = encodeHasPrivilege({ serviceToken, userToken, privilegeId });
  return decodeHasPrivilegeResponse((await peer.request('get', SERVICE, question)) as never);
}

/** As the examples of the XEP have it. */
const address = (value: string): readonly Credential[] => [{ kind: 'other', type: 'IpAddress', value }];

describe('a service', () => {
  test('is told who may use it, and what they may do before and after they have logged in', async () => {
    expect(await enter(address('192.168.0.1'))).toEqual({ isAllowed: false, userToken: undefined });
    expect(await enter(address('10.6.7.8'))).toMatchObject({ isAllowed: false });
    const { isAllowed, userToken = '' } = await enter(address('10.0.0.1'));
    expect(isAllowed).toBe(true);
    expect(userToken).toMatch(/^\S+$/);
    expect(await may(userToken, 'Sensors.View')).toBe(true);
    expect(await may(userToken, 'Sensors.Edit')).toBe(false);
    dashboard.send(
      message('normal', { to: SERVICE }, encodeUserLoggedIn({ serviceToken, userToken, userName: 'kermit' })),
    );
    await expect.poll(() => may(userToken, 'Sensors.Edit')).toBe(true);
    expect(await may(userToken, 'Sensors.Delete')).toBe(false);
    const rules = await dashboard.request('get', SERVICE, encodeDownloadPrivileges({ serviceToken, userToken }));
    expect(decodePrivileges(rules as never)).toEqual([
      { kind: 'exclude', id: 'Sensors.Delete' },
      { kind: 'include', id: 'Sensors' },
    ]);
  });

  test('that can not prove that the token is its own is told no', async () => {
    const { userToken = '' } = await enter(address('10.0.0.1'));
    const thief = stage.network.peer('thief@localhost/service');
    expect(await enter(address('10.0.0.1'), thief)).toMatchObject({ isAllowed: false });
    expect(await may(userToken, 'Sensors.View', thief)).toBe(false);
  });

  test('has users for a month', async () => {
    const { userToken = '' } = await enter(address('10.0.0.1'));
    stage.now += 30 * 86_400_000;
    holder.sending(SERVICE, { serviceToken });
    expect(await may(userToken, 'Sensors.View')).toBe(false);
  });

  test('is remembered with what it asks about', async () => {
    const { userToken = '' } = await enter(address('10.0.0.1'));
    await may(userToken, 'Sensors.View');
    await may(userToken, 'Sensors.View');
    const rows = await stage.database.selectFrom('provisioning_service_items').select(['kind', 'name']).execute();
    expect(rows).toEqual([{ kind: 'privilege', name: 'Sensors.View' }]);
    const seen = await listSeenServices(stage.owner, SERVICE);
    expect(seen).toEqual([
      {
        certificate: certificate.fingerprint,
        jid: dashboard.jid.bare,
        name: 'dashboard',
        privileges: ['Sensors.View'],
        users: [],
      },
    ]);
    await expect(listSeenServices(stage.reader, SERVICE)).rejects.toThrow('administrators');
  });
});

describe('credentials', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const sha256 = '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81';
  test.each([
    ['a JID', [{ kind: 'jid', value: 'a@example.org/x' }], { jid: ['*@example.org'] }, true],
    ['another JID', [{ kind: 'jid', value: 'a@example.com' }], { jid: ['*@example.org'] }, false],
    ['an address of IPv6', [{ kind: 'ip6', value: '2001:db8::1' }], { address: ['2001:db8::/32'] }, true],
    ['what is no address', [{ kind: 'ip4', value: '10.0.0.1 or so' }], { address: ['10.0.0.0/8'] }, false],
    ['a host', [{ kind: 'hostName', value: 'PC7.Example.org' }], { hostName: ['*.example.org'] }, true],
    ['a certificate', [{ kind: 'x509Certificate', value: bytes }], { certificate: [sha256] }, true],
    [
      'a thumbprint',
      [{ kind: 'x509CertificateThumbprint', value: Buffer.from(sha256, 'hex') }],
      { certificate: [sha256] },
      true,
    ],
    ['single sign-on', [{ kind: 'sso', value: 't' }], { sso: ['t'] }, true],
    ['a protocol', [{ kind: 'protocol', value: 'HTTPS' }], { protocol: ['XMPP', 'HTTPS'] }, true],
    [
      'a place',
      [
        { kind: 'latitude', value: 59.33 },
        { kind: 'longitude', value: 18.07 },
      ],
      { within: { latitude: 59.3, longitude: 18, km: 10 } },
      true,
    ],
    [
      'a place far away',
      [
        { kind: 'latitude', value: 55 },
        { kind: 'longitude', value: 18 },
      ],
      { within: { latitude: 59.3, longitude: 18, km: 10 } },
      false,
    ],
    ['no place', [], { within: { latitude: 0, longitude: 0, km: 100_000 } }, false],
    ['one of two conditions', [{ kind: 'userName', value: 'a' }], { userName: ['a'], protocol: ['HTTPS'] }, false],
    ['nothing', [], {}, true],
  ] as const)('%s', (_, credentials, conditions, isMet) => {
    expect(meets(knownUser(credentials as never), conditions)).toBe(isMet);
  });

  test('a pattern is like what a regular expression would find, and never hangs', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 12 });
    fc.assert(
      fc.property(letters, letters, (text, pattern) => {
        const plain = text.replaceAll('*', 'c');
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(plain);
        expect(isLike(plain, pattern)).toBe(expected);
      }),
    );
    expect(isLike('a'.repeat(20_000), `${'*a'.repeat(50)}b`)).toBe(false);
  });
});
