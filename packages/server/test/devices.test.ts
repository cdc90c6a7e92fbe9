import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeBase64, NS } from '@thingward/xmpp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  Accounts,
  DeviceAuthority,
  Devices,
  deviceAuthorityFile,
  type IssuedCertificate,
  openServerDatabase,
} from '../src/index.ts';
import { Stage } from './conversation.ts';

let stage: Stage;
let database: Awaited<ReturnType<typeof openServerDatabase>>;
/** As the command line works on them, beside the running server. */
let devices: Devices;
let authority: DeviceAuthority;
beforeEach(async () => {
  stage = await Stage.open({}, { watchIntervalMs: 50 });
  database = await openServerDatabase({ storage: 'sqlite', dataDir: stage.directory });
  devices = new Devices(database.query, new Accounts(database.query, 'localhost'), 'localhost');
  authority = await DeviceAuthority.open(stage.directory, 'localhost');
});
afterEach(async () => {
  await database.close();
  await stage.close();
});

const pem = ({ certificate, key }: IssuedCertificate) => ({ cert: certificate, key });
const external = (authzid = '') =>
  `<auth xmlns='${NS.sasl}' mechanism='EXTERNAL'>${encodeBase64(new TextEncoder().encode(authzid)) || '='}</auth>`;

async function enrolCertified(localpart: string, renews = false): Promise<IssuedCertificate> {
  const issued = await authority.certify(`${localpart}@localhost`, 30);
  await devices.enrol([{ localpart, label: localpart, certificate: issued }], 'pumps', renews);
  return issued;
}

/** The server has taken notice of the authority, which was made while it ran. */
const asksForCertificates = (issued: IssuedCertificate) =>
  vi.waitFor(
    async () => {
      const actor = await stage.connectTls(pem(issued));
      expect((await actor.opens()).toString()).toContain('<mechanism>EXTERNAL</mechanism>');
    },
    { timeout: 5000 },
  );

async function signsIn(issued: IssuedCertificate, resource: string) {
  const actor = await stage.connectTls(pem(issued));
  await actor.opens();
  actor.sends(external());
  await actor.receives(`<success xmlns='${NS.sasl}'/>`);
  actor.restarts();
  await actor.binds(resource);
  return actor;
}

async function isRefused(issued: IssuedCertificate, condition: string): Promise<void> {
  const actor = await stage.connectTls(pem(issued));
  await actor.opens();
  actor.sends(external());
  await actor.receives(`<failure xmlns='${NS.sasl}'><${condition}/></failure>`);
  await actor.isClosed();
}

it('asks for certificates from the next connection on once there is a device authority, whenever it looks at files', async () => {
  await stage.close();
  await database.close();
  stage = await Stage.open({}, { watchIntervalMs: 3_600_000 });
  database = await openServerDatabase({ storage: 'sqlite', dataDir: stage.directory });
  devices = new Devices(database.query, new Accounts(database.query, 'localhost'), 'localhost');
  const before = await stage.connectTls();
  expect((await before.opens()).toString()).not.toContain('<mechanism>EXTERNAL</mechanism>');
  authority = await DeviceAuthority.open(stage.directory, 'localhost');
  await signsIn(await enrolCertified('pump1'), 'a');
});

describe('devices with certificates of the device authority', () => {
  it('sign in, until they are revoked: then sessions end and the certificate is refused', async () => {
    const issued = await enrolCertified('pump1');
    await asksForCertificates(issued);
    const pump = await signsIn(issued, 'a');
    await devices.revoke(['pump1']);
    await pump.isThrownOut('policy-violation');
    await isRefused(issued, 'credentials-expired');
    expect(await devices.list()).toEqual([
      expect.objectContaining({ jid: 'pump1@localhost', hasPassword: false, certificateExpiresAt: undefined }),
    ]);
  });

  it('that are given new ones are refused with the former, though the account is in use', async () => {
    const former = await enrolCertified('pump1');
    await asksForCertificates(former);
    const pump = await signsIn(former, 'a');
    const renewed = await enrolCertified('pump1', true);
    await pump.isThrownOut('policy-violation');
    await isRefused(former, 'credentials-expired');
    await signsIn(renewed, 'b');
  });

  it('are refused when they are not on record, or for another account', async () => {
    const onRecord = await enrolCertified('pump1');
    await asksForCertificates(onRecord);
    const unknown = await authority.certify('pump1@localhost', 30);
    await isRefused(unknown, 'credentials-expired');
    // Who has the key of the authority can't become somebody by it.
    await isRefused(await authority.certify('juliet@localhost', 30), 'credentials-expired');
  });

  it('are gone with all they have when they are removed, and the certificate is not for who has the name next', async () => {
    const issued = await enrolCertified('pump1');
    await asksForCertificates(issued);
    const pump = await signsIn(issued, 'a');
    await devices.revoke(['pump1'], true);
    await pump.isThrownOut('not-authorized');
    expect(await devices.list()).toEqual([]);
    await stage.server.accounts.add('pump1', 'secret');
    await isRefused(issued, 'credentials-expired');
  });

  it('are certified by a key that nobody else can read', () => {
    const key = join(stage.directory, 'devices', 'authority.key');
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(existsSync(deviceAuthorityFile(stage.directory))).toBe(true);
    expect(readFileSync(key, 'utf8')).toContain('PRIVATE KEY');
  });

  it('are not certified where the files of the authority do not fit', async () => {
    const other = await Stage.open();
    await DeviceAuthority.open(other.directory, 'localhost');
    const mixed = readFileSync(deviceAuthorityFile(other.directory));
    await other.close();
    writeFileSync(deviceAuthorityFile(stage.directory), mixed);
    await expect(DeviceAuthority.open(stage.directory, 'localhost')).rejects.toMatchObject({ code: 'authority' });
  });
});

describe('devices with passwords', () => {
  const make = (...names: string[]) =>
    names.map((localpart) => ({ localpart, label: localpart, password: `${localpart}-secret` }));

  it('sign in, until they are revoked', async () => {
    await devices.enrol(make('pump1'), 'pumps');
    const pump = await stage.connectTls();
    await pump.authenticates('pump1', 'pump1-secret');
    await pump.binds('a');
    await devices.revoke(['pump1']);
    await pump.isThrownOut('policy-violation');
    const again = await stage.connectTls();
    await again.opens();
    again.sends(`<auth xmlns='${NS.sasl}' mechanism='PLAIN'>${btoa('\0pump1\0pump1-secret')}</auth>`);
    await again.receives(`<failure xmlns='${NS.sasl}'><account-disabled/></failure>`);
  });

  it('are enrolled all or none', async () => {
    await devices.enrol(make('pump1'), 'pumps');
    await expect(devices.enrol(make('pump2', 'pump1'), 'pumps')).rejects.toMatchObject({ code: 'exists' });
    await expect(devices.enrol(make('pump3', 'juliet'), 'pumps', true)).rejects.toMatchObject({
      code: 'exists',
      message: 'juliet@localhost is an account, but no device',
    });
    expect((await devices.list()).map(({ jid }) => jid)).toEqual(['pump1@localhost']);
    expect(await stage.server.accounts.exists('pump2')).toBe(false);
    expect(await stage.server.accounts.exists('pump3')).toBe(false);
  });

  it('are revoked all or none, and nobody else is', async () => {
    await devices.enrol(make('pump1'), 'pumps');
    await expect(devices.revoke(['pump1', 'juliet'])).rejects.toMatchObject({ code: 'unknown' });
    expect(await devices.list()).toMatchObject([{ disabledAt: undefined }]);
  });

  it('a thousand at a time and more, by their batch', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => ({ localpart: `d${index}`, label: 'x' }));
    await devices.enrol(many, 'many');
    await devices.enrol(make('pump1'), 'pumps');
    expect(await devices.list({ batch: 'many' })).toHaveLength(2500);
    await devices.revoke(
      many.map(({ localpart }) => localpart),
      true,
    );
    expect(await devices.list()).toHaveLength(1);
  });
});
