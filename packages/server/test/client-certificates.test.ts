import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Element } from '@thingward/xml';
import { encodeBase64, Jid, NS, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverConfigSchema, ThingwardServer } from '../src/index.ts';
import { type CertificateFiles, TestAuthority } from './certificates.ts';
import { type Actor, Stage } from './conversation.ts';

const directory = mkdtempSync(join(tmpdir(), 'thingward-certificates-'));
let authority: TestAuthority;
let stage: Stage;
beforeAll(async () => {
  authority = await TestAuthority.create(directory);
  stage = await Stage.open({ auth: { clientCertificates: { ca: authority.file } } });
});
afterAll(async () => {
  await stage.close();
  rmSync(directory, { recursive: true, force: true });
});

const pem = ({ cert, key }: CertificateFiles) => ({ cert: readFileSync(cert), key: readFileSync(key) });
const offersExternal = (features: Element) => features.toString().includes('<mechanism>EXTERNAL</mechanism>');
const external = (authzid: string) =>
  `<auth xmlns='${NS.sasl}' mechanism='EXTERNAL'>${encodeBase64(new TextEncoder().encode(authzid)) || '='}</auth>`;

/** A connection that shows a certificate, with its features. */
async function shows(files: CertificateFiles, door: 'direct' | 'starttls' = 'direct'): Promise<[Actor, Element]> {
  if (door === 'direct') {
    const actor = await stage.connectTls(pem(files));
    return [actor, await actor.opens()];
  }
  const actor = await stage.connect();
  await actor.opens();
  actor.sends(`<starttls xmlns='${NS.tls}'/>`);
  await actor.receives(`<proceed xmlns='${NS.tls}'/>`);
  await actor.startsTls(pem(files));
  return [actor, await actor.opens()];
}

describe('client certificates (XEP-0178 §2)', () => {
  it.each(['direct', 'starttls'] as const)('let a client in over %s', async (door) => {
    const [juliet, features] = await shows(await authority.certify('Juliet', ['juliet@localhost']), door);
    expect(offersExternal(features)).toBe(true);
    juliet.sends(external(''));
    await juliet.receives(`<success xmlns='${NS.sasl}'/>`);
    juliet.restarts();
    await juliet.binds('balcony');
    juliet.sends(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await juliet.receives(`<iq id='p' type='result' to='juliet@localhost/balcony'/>`);
  });

  it('an empty challenge asks for the response that was not sent', async () => {
    const [juliet] = await shows(await authority.certify('Juliet', ['juliet@localhost']));
    juliet.sends(`<auth xmlns='${NS.sasl}' mechanism='EXTERNAL'/>`);
    await juliet.receives(`<challenge xmlns='${NS.sasl}'>=</challenge>`);
    juliet.sends(`<response xmlns='${NS.sasl}'/>`);
    await juliet.receives(`<success xmlns='${NS.sasl}'/>`);
  });

  it('name one of several accounts by authzid', async () => {
    const files = await authority.certify('Both', ['juliet@localhost', 'romeo@localhost']);
    const [nobody] = await shows(files);
    nobody.sends(external(''));
    await nobody.receives(`<failure xmlns='${NS.sasl}'><invalid-authzid/></failure>`);
    await nobody.isClosed();
    const [romeo] = await shows(files);
    romeo.sends(external('romeo@localhost'));
    await romeo.receives(`<success xmlns='${NS.sasl}'/>`);
  });

  it.each([
    ['of an account that does not exist', ['tybalt@localhost'], '', 'not-authorized'],
    ['for another account than the one wanted', ['juliet@localhost'], 'romeo@localhost', 'invalid-authzid'],
  ])('%s is refused, and the stream ends', async (_, addresses, authzid, condition) => {
    const [actor] = await shows(await authority.certify('X', addresses));
    actor.sends(external(authzid));
    await actor.receives(`<failure xmlns='${NS.sasl}'><${condition}/></failure>`);
    await actor.isClosed();
  });

  it('count only when they come from the authority, have an xmppAddr here, and are there at all', async () => {
    const otherDirectory = mkdtempSync(join(directory, 'other-'));
    const impostor = await TestAuthority.create(otherDirectory);
    const files = [
      await impostor.certify('Juliet', ['juliet@localhost']),
      await authority.certify('juliet@localhost', [], ['juliet@localhost']),
      await authority.certify('Juliet', ['juliet@example.org', 'localhost', 'juliet@localhost/balcony']),
      await authority.issue('localhost'),
    ];
    for (const file of files) {
      const [actor, features] = await shows(file);
      expect(offersExternal(features)).toBe(false);
      actor.sends(external('juliet@localhost'));
      await actor.receives(`<failure xmlns='${NS.sasl}'><invalid-mechanism/></failure>`);
    }
    const [bare] = [await stage.connectTls()];
    expect(offersExternal(await bare.opens())).toBe(false);
    const plain = await stage.connect();
    expect(offersExternal(await plain.opens())).toBe(false);
  });

  it('a password does still where there is no certificate', async () => {
    const romeo = await stage.signIn('romeo', 'orchard');
    romeo.sends(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await romeo.receives(`<iq id='p' type='result'/>`);
  });

  it('survives a TLS session that is resumed', async () => {
    const files = await authority.certify('Juliet', ['juliet@localhost']);
    for (const options of [pem(files), {}]) {
      const first = await stage.connectTls({ ...options, maxVersion: 'TLSv1.2' });
      await first.opens();
      const session = first.tlsSession;
      const second = await stage.connectTls({ ...options, maxVersion: 'TLSv1.2', session });
      expect(second.hasResumedTls).toBe(true);
      expect(offersExternal(await second.opens())).toBe('cert' in options);
    }
  });

  it.each(['direct', 'starttls'] as const)('our client needs no password with %s', async (tls) => {
    const { cert, key } = await authority.certify('Both', ['juliet@localhost', 'romeo@localhost']);
    const client = new XmppClient({
      jid: Jid.parse('juliet@localhost/device'),
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port: stage.server.address(tls === 'starttls' ? 0 : 1)?.port ?? 0,
        tls,
        trust: { fingerprint: stage.server.tls.fingerprint },
        certificate: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') },
      }),
    });
    client.start();
    await client.ready();
    expect(client.jid.toString()).toBe('juliet@localhost/device');
    await client.stop();
  });
});

describe('certificates without an xmppAddr', () => {
  it.each([
    ['email', 'Juliet', ['juliet@localhost']],
    ['commonName', 'juliet@localhost', []],
  ] as const)('name the account by %s where that is configured', async (fallback, name, emails) => {
    const other = await Stage.open({ auth: { clientCertificates: { ca: authority.file, fallback } } });
    const actor = await other.connectTls(pem(await authority.certify(name, [], emails)));
    expect(offersExternal(await actor.opens())).toBe(true);
    actor.sends(external(''));
    await actor.receives(`<success xmlns='${NS.sasl}'/>`);
    const ruled = await other.connectTls(pem(await authority.certify(name, ['x@example.org'], emails)));
    expect(offersExternal(await ruled.opens())).toBe(false);
    await other.close();
  });
});

it.each([
  ['missing.pem', /can't use the authorities/],
  ['empty.pem', /holds no certificates/],
])('authorities in %s are an error at the start', async (file, reason) => {
  writeFileSync(join(directory, 'empty.pem'), 'nothing');
  const config = serverConfigSchema.parse({
    domain: 'localhost',
    dataDir: join(directory, 'data'),
    listen: { c2s: '127.0.0.1:0' },
    auth: { clientCertificates: { ca: join(directory, file) } },
  });
  await expect(ThingwardServer.start(config)).rejects.toThrow(reason);
});
