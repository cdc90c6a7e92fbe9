import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Accounts, openServerDatabase, selfSignedTls, serverConfigSchema, ThingwardServer } from '../src/index.ts';
import { loadTls } from '../src/tls.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'thingward-admin-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('accounts', () => {
  it('are made, listed, changed and removed, and survive', async () => {
    const database = await openServerDatabase({ storage: 'sqlite', dataDir: directory });
    const accounts = new Accounts(database.query, 'example.org');
    await accounts.add('Romeo', 'secret');
    await expect(accounts.add('romeo@example.org', 'x')).rejects.toMatchObject({ code: 'exists' });
    await expect(accounts.add('a b', 'x')).rejects.toMatchObject({ code: 'bad-name' });
    await expect(accounts.add('romeo@elsewhere.org', 'x')).rejects.toMatchObject({ code: 'bad-name' });
    await expect(accounts.add('juliet', '')).rejects.toMatchObject({ code: 'bad-password' });
    await expect(accounts.add('juliet', 'a\u0000b')).rejects.toMatchObject({ code: 'bad-password' });
    await expect(accounts.setPassword('juliet', 'x')).rejects.toMatchObject({ code: 'unknown' });
    await expect(accounts.remove('juliet')).rejects.toMatchObject({ code: 'unknown' });
    const before = await accounts.scramKeys('romeo', 'SHA-256');
    await accounts.setPassword('romeo', 'other');
    expect(await accounts.scramKeys('ROMEO', 'SHA-256')).not.toEqual(before);
    await database.close();
    const again = await openServerDatabase({ storage: 'sqlite', dataDir: directory });
    expect((await new Accounts(again.query, 'example.org').list()).map(({ jid }) => jid)).toEqual([
      'romeo@example.org',
    ]);
    await new Accounts(again.query, 'example.org').remove('romeo');
    expect(await new Accounts(again.query, 'example.org').list()).toEqual([]);
    await again.close();
  });

  it('unknown users have keys that look like others and stay the same', async () => {
    const database = await openServerDatabase({ storage: 'sqlite', dataDir: directory });
    const keys = (name: string) => new Accounts(database.query, 'example.org').scramKeys(name, 'SHA-256');
    const [first, second, other] = [await keys('nobody'), await keys('nobody'), await keys('somebody')];
    expect(first).toEqual(second);
    expect(first.salt).not.toEqual(other.salt);
    expect(first.iterations).toBe(10_000);
    expect(first.storedKey.length).toBe(32);
    await database.close();
  });
});

describe('certificates', () => {
  it('a self-signed one is made once', async () => {
    const first = await selfSignedTls(directory, 'example.org');
    const second = await selfSignedTls(directory, 'example.org');
    expect(first.fingerprint).toMatch(/^sha256:([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(second.fingerprint).toBe(first.fingerprint);
    expect(first.isSelfSigned).toBe(true);
  });

  it('a key that belongs to another one, and what is no certificate, are refused', async () => {
    await selfSignedTls(join(directory, 'a'), 'example.org');
    await selfSignedTls(join(directory, 'b'), 'example.org');
    expect(() => loadTls(join(directory, 'a/certificate.pem'), join(directory, 'b/key.pem'))).toThrow(
      /is not the key of/,
    );
    expect(() => loadTls(join(directory, 'none.pem'), join(directory, 'b/key.pem'))).toThrow(
      /can't read the certificate/,
    );
    writeFileSync(join(directory, 'x.pem'), 'nonsense');
    expect(() => loadTls(join(directory, 'x.pem'), join(directory, 'b/key.pem'))).toThrow(/is no PEM file/);
  });
});

describe('starting', () => {
  const configOf = (listen: object) => serverConfigSchema.parse({ domain: 'localhost', dataDir: directory, listen });

  it.each(['c2s', 'c2sTls', 'http'])(
    'says that the port of listen.%s is in use, and closes what it had opened',
    async (door) => {
      const other = createServer();
      const port = await new Promise<number>((resolve) => {
        other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
      });
      await expect(ThingwardServer.start(configOf({ [door]: `127.0.0.1:${port}` }))).rejects.toThrow(
        `can't listen on 127.0.0.1:${port} (listen.${door}): the port is already in use by another program`,
      );
      await new Promise((resolve) => other.close(resolve));
      const server = await ThingwardServer.start(configOf({ [door]: `127.0.0.1:${port}` }));
      await server.stop();
    },
  );

  it('says when the database can’t be opened', async () => {
    writeFileSync(join(directory, 'file'), '');
    const config = serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: join(directory, 'file'),
      listen: {},
      tls: undefined,
    });
    await expect(ThingwardServer.start(config)).rejects.toThrow(/file/);
  });
});
