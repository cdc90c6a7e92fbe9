import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverConfigSchema, ThingwardServer } from '@thingward/server';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CHROMIUM = process.env.THINGWARD_CHROMIUM || '/usr/bin/chromium';
const STROPHE = new URL('../../node_modules/strophe.js/dist/strophe.umd.min.js', import.meta.url);

/** What a page does: signs in, pings, asks for the roster, and sends a message to itself that comes back. */
const SCRIPT = `
async function converse(url, jid, password) {
  const { Strophe, $iq, $msg, $pres } = window;
  const connection = new Strophe.Connection(url);
  const log = [];
  const { Status } = Strophe;
  const names = Object.fromEntries(Object.entries(Status).map(([name, code]) => [code, name]));
  await new Promise((resolve, reject) => {
    connection.connect(jid, password, (status, why) => {
      log.push(names[status]);
      if (status === Status.CONNECTED) resolve();
      if ([Status.AUTHFAIL, Status.CONNFAIL, Status.ERROR].includes(status)) reject(new Error(names[status] + ' ' + why));
    });
  });
  const request = (stanza) => new Promise((resolve, reject) => connection.sendIQ(stanza, resolve, (e) => reject(new Error(e.outerHTML)), 10000));
  const pong = await request($iq({ type: 'get', to: 'localhost' }).c('ping', { xmlns: 'urn:xmpp:ping' }));
  const roster = await request($iq({ type: 'get' }).c('query', { xmlns: 'jabber:iq:roster' }));
  const bodies = [];
  const all = new Promise((resolve) => {
    connection.addHandler((message) => {
      bodies.push(message.getElementsByTagName('body')[0].textContent);
      if (bodies.length === 20) resolve();
      return true;
    }, null, 'message', 'chat');
  });
  connection.send($pres());
  for (let i = 0; i < 20; i++) connection.send($msg({ to: connection.jid, type: 'chat' }).c('body').t('note ' + i + ' <&> \\u{1f339}'));
  await all;
  connection.flush();
  connection.disconnect('done');
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { jid: connection.jid, log, pong: pong.getAttribute('type'), roster: roster.firstChild.namespaceURI, bodies };
}
window.converse = converse;
`;

describe.skipIf(!existsSync(CHROMIUM))('Strophe.js in Chromium (skipped unless Chromium is there)', () => {
  let server: ThingwardServer;
  let browser: Browser;
  const directory = mkdtempSync(join(tmpdir(), 'thingward-strophe-'));
  const pages = mkdtempSync(join(tmpdir(), 'thingward-page-'));

  beforeAll(async () => {
    writeFileSync(join(pages, 'strophe.js'), readFileSync(STROPHE));
    writeFileSync(join(pages, 'converse.js'), SCRIPT);
    const scripts = '<script src="/strophe.js"></script><script src="/converse.js"></script>';
    writeFileSync(join(pages, 'index.html'), `<!doctype html><title>Strophe.js</title>${scripts}`);
    const config = serverConfigSchema.parse({
      domain: 'localhost',
      dataDir: directory,
      listen: { http: '127.0.0.1:0' },
      auth: { allowPlaintext: true },
    });
    server = await ThingwardServer.start(config, { consoleDirectory: pages });
    await server.accounts.add('juliet', 'secret');
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(directory, { recursive: true });
    rmSync(pages, { recursive: true });
  });

  const converse = async (path: string, password: string) => {
    const page = await browser.newPage();
    await page.goto(server.url ?? '');
    const url = new URL(path, server.url);
    if (path === '/xmpp-websocket') url.protocol = 'ws:';
    return page.evaluate(`converse(${JSON.stringify(url.href)}, 'juliet@localhost/page', '${password}')`);
  };

  it.each([
    ['BOSH', '/http-bind'],
    ['WebSocket', '/xmpp-websocket'],
  ])('signs in over %s, asks, and gets its messages in order', async (_, path) => {
    expect(await converse(path, 'secret')).toEqual({
      jid: 'juliet@localhost/page',
      log: ['CONNECTING', 'CONNECTED', 'DISCONNECTING', 'DISCONNECTED'],
      pong: 'result',
      roster: 'jabber:iq:roster',
      bodies: Array.from({ length: 20 }, (_, i) => `note ${i} <&> 🌹`),
    });
  });

  it.each(['/http-bind', '/xmpp-websocket'])('is told of a wrong password over %s', async (path) => {
    await expect(converse(path, 'wrong')).rejects.toThrow('AUTHFAIL');
  });
});
