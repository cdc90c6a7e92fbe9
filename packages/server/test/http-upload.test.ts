import { readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Element } from '@thingward/xml';
import { decodeUploadSlot, HTTP_UPLOAD, NS, UPLOAD_PURPOSES } from '@thingward/xmpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Actor, Stage } from './conversation.ts';

const MB = 1024 * 1024;
let stage: Stage;
let romeo: Actor;
beforeAll(async () => {
  stage = await Stage.open({ upload: { maxFileBytes: MB, quotaBytes: 3 * MB } });
  romeo = await stage.signIn('romeo');
});
afterAll(() => stage.close());

let requests = 0;
async function request(actor: Actor, attributes: string, content = ''): Promise<Element> {
  const id = `u${requests++}`;
  actor.sends(
    `<iq type='get' id='${id}' to='upload.localhost'><request xmlns='${HTTP_UPLOAD}' ${attributes}>${content}</request></iq>`,
  );
  return actor.receives(`<iq id='${id}' from='upload.localhost'/>`);
}

async function slot(attributes: string, content = '', actor = romeo) {
  const answer = await request(actor, attributes, content);
  const element = answer.child('slot', HTTP_UPLOAD);
  if (!element) throw new Error(answer.toString());
  return decodeUploadSlot(element);
}

async function refusal(attributes: string, content = '', actor = romeo): Promise<Element> {
  const answer = await request(actor, attributes, content);
  expect(answer.attribute('type')).toBe('error');
  return answer.child('error') as Element;
}
const condition = (error: Element) => error.childIn(NS.stanzaErrors)?.name;

const put = (url: string, body: string | Uint8Array<ArrayBuffer>, type?: string) =>
  fetch(url, { method: 'PUT', body, headers: type === undefined ? {} : { 'content-type': type } });

async function stored(filename: string, body: string | Uint8Array<ArrayBuffer>, type?: string): Promise<string> {
  const announced = type === undefined ? '' : `content-type='${type}'`;
  const { putUrl, getUrl } = await slot(`filename='${filename}' size='${Buffer.byteLength(body)}' ${announced}`);
  const answer = await put(putUrl, body, type);
  expect([answer.status, await answer.text()]).toEqual([201, '']);
  return getUrl;
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(directory, name)).isFile(),
  );
}

describe('a slot (XEP-0363 §3, §4)', () => {
  it('is found by disco', async () => {
    romeo.sends(`<iq type='get' id='1' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`);
    await romeo.receives(
      `<iq id='1'><query xmlns='http://jabber.org/protocol/disco#items'><item jid='upload.localhost' name='HTTP File Upload'/></query></iq>`,
    );
    romeo.sends(
      `<iq type='get' id='2' to='upload.localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    );
    await romeo.receives(
      `<iq id='2'><query xmlns='http://jabber.org/protocol/disco#info'><identity category='store' type='file' name='HTTP File Upload'/><feature var='${HTTP_UPLOAD}'/><feature var='${UPLOAD_PURPOSES}#ephemeral'/><x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>${HTTP_UPLOAD}</value></field><field var='max-file-size'><value>${MB}</value></field></x></query></iq>`,
    );
  });

  it('takes a file once and gives it to everybody who knows its address', async () => {
    const { putUrl, getUrl } = await slot(`filename='très cool.jpg' size='5' content-type='image/jpeg'`);
    expect(getUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/upload\/[\w-]{32}\/tr%C3%A8s%20cool\.jpg$/);
    expect(putUrl.startsWith(getUrl)).toBe(true);
    expect((await fetch(getUrl)).status).toBe(404);
    expect((await put(putUrl, 'hello', 'image/jpeg')).status).toBe(201);
    const got = await fetch(getUrl);
    expect([got.status, await got.text()]).toEqual([200, 'hello']);
    expect(Object.fromEntries(got.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': '5',
      'content-disposition': `inline; filename*=UTF-8''tr%C3%A8s%20cool.jpg`,
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    });
    expect((await put(putUrl, 'other', 'image/jpeg')).status).toBe(409);
    expect(await (await fetch(getUrl)).text()).toBe('hello');
    expect((await fetch(getUrl.replace('cool.jpg', 'cool.exe'))).status).toBe(404);
  });

  it('is for what was announced only (§7)', async () => {
    const { putUrl, getUrl } = await slot(`filename='a.png' size='5' content-type='image/png'`);
    const statuses = [
      await put(putUrl, 'four', 'image/png'),
      await put(putUrl, 'sixsix', 'image/png'),
      await put(putUrl, 'hello', 'text/html'),
      await put(putUrl, 'hello', 'application/octet-stream'),
      await put(getUrl, 'hello', 'image/png'),
      await put(putUrl.replace(/signature=./, 'signature=_'), 'hello', 'image/png'),
      await put(putUrl.replace(/until=\d/, 'until=9'), 'hello', 'image/png'),
      await put(putUrl.replace('a.png', 'b.png'), 'hello', 'image/png'),
      await put(putUrl.replace('/upload/', '/upload/x'), 'hello', 'image/png'),
    ].map(({ status }) => status);
    expect(statuses).toEqual([400, 400, 415, 415, 403, 403, 403, 404, 403]);
    expect((await fetch(getUrl)).status).toBe(404);
    expect((await put(putUrl, 'hello', 'Image/PNG')).status).toBe(201);
  });

  it('needs the length, and all of it', async () => {
    const { putUrl, getUrl } = await slot(`filename='a' size='100000'`);
    const chunked = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(100000));
        controller.close();
      },
    });
    const request: RequestInit & { duplex: 'half' } = { method: 'PUT', body: chunked, duplex: 'half' };
    expect((await fetch(putUrl, request)).status).toBe(411);
    const { port, pathname, search } = new URL(putUrl);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `PUT ${pathname}${search} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(5000)}`,
    );
    await pause(100);
    expect((await put(putUrl, new Uint8Array(100000))).status).toBe(409);
    socket.destroy();
    await pause(100);
    expect((await fetch(getUrl)).status).toBe(404);
    expect((await put(putUrl, new Uint8Array(100000))).status).toBe(201);
    expect((await (await fetch(getUrl)).arrayBuffer()).byteLength).toBe(100000);
    expect(filesIn(join(stage.directory, 'uploads')).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it.each([
    [`filename='' size='1'`, 'bad-request'],
    [`filename='..' size='1'`, 'bad-request'],
    [`filename='a/' size='1'`, 'bad-request'],
    [`filename='a&#10;b' size='1'`, 'bad-request'],
    [`filename='${'é'.repeat(128)}' size='1'`, 'bad-request'],
    [`filename='a' size='0'`, 'bad-request'],
    [`filename='a' size='1' content-type='text'`, 'bad-request'],
    [`filename='a' size='1' content-type='text/x;a=&quot;&#9;&quot;'`, 'bad-request'],
    [`filename='a' size='1' content-type='text/x;a=é'`, 'bad-request'],
  ])('is refused for %s', async (attributes, expected) => {
    expect(condition(await refusal(attributes))).toBe(expected);
  });

  it('keeps the name alone', async () => {
    const { getUrl } = await slot(`filename='C:\\My Pictures\\a.jpg' size='1'`);
    expect(getUrl).toMatch(/\/a\.jpg$/);
    expect((await slot(`filename='/etc/passwd' size='1'`)).getUrl).toMatch(/[\w-]\/passwd$/);
  });
});

describe('errors (XEP-0363 §6)', () => {
  it('tell how big a file may be', async () => {
    const error = await refusal(`filename='a' size='${MB + 1}'`);
    expect([condition(error), error.attribute('type')]).toEqual(['not-acceptable', 'modify']);
    expect(error.child('file-too-large', HTTP_UPLOAD)?.child('max-file-size')?.text).toBe(String(MB));
  });

  it('tell when there will be room again', async () => {
    const juliet = await stage.signIn('juliet');
    for (let i = 0; i < 3; i++) await slot(`filename='a' size='${MB}'`, '', juliet);
    const error = await refusal(`filename='a' size='1'`, '', juliet);
    expect([condition(error), error.attribute('type')]).toEqual(['resource-constraint', 'wait']);
    const stamp = Date.parse(error.child('retry', HTTP_UPLOAD)?.attribute('stamp') ?? '');
    expect(stamp - Date.now()).toBeGreaterThan(290_000);
    expect(stamp - Date.now()).toBeLessThanOrEqual(300_000);
    const mercutio = await stage.signIn('mercutio');
    for (let i = 0; i < 20; i++) await slot(`filename='a' size='1'`, '', mercutio);
    expect(condition(await refusal(`filename='a' size='1'`, '', mercutio))).toBe('resource-constraint');
  });
});

describe('purposes (XEP-0363 §5)', () => {
  const ephemeral = (at: number) =>
    `<ephemeral xmlns='${UPLOAD_PURPOSES}' expire-before='${new Date(at).toISOString()}'/>`;

  it('end when they were told to', async () => {
    const { putUrl, getUrl } = await slot(`filename='a' size='1'`, ephemeral(Date.now() + 400));
    expect((await put(putUrl, 'x')).status).toBe(201);
    expect((await fetch(getUrl)).headers.get('cache-control')).toBe('private, immutable, max-age=0');
    await pause(450);
    expect((await fetch(getUrl)).status).toBe(404);
    expect(condition(await refusal(`filename='a' size='1'`, ephemeral(Date.now() - 1)))).toBe('bad-request');
  });

  it('are refused when they are not advertised', async () => {
    for (const kind of ['profile', 'permanent', 'fun']) {
      const error = await refusal(`filename='a' size='1'`, `<${kind} xmlns='${UPLOAD_PURPOSES}'/>`);
      expect(condition(error)).toBe('feature-not-implemented');
    }
    await slot(`filename='a' size='1'`, `<message xmlns='${UPLOAD_PURPOSES}'/>`);
  });
});

describe('a file', () => {
  it('is shown only where that is safe', async () => {
    for (const [type, shown] of [
      ['image/png', true],
      ['video/mp4; codecs=avc1', true],
      ['audio/ogg', true],
      ['image/svg+xml', false],
      ['text/html', false],
      ['application/pdf', false],
      [undefined, false],
    ] as const) {
      const got = await fetch(await stored('a', 'x', type));
      expect(got.headers.get('content-disposition')).toBe(`${shown ? 'inline' : 'attachment'}; filename*=UTF-8''a`);
      expect(got.headers.get('content-type')).toBe(type ?? 'application/octet-stream');
      await got.arrayBuffer();
    }
  });

  it('can be got in parts, asked about, and is not sent twice (RFC 9110 §13, §14)', async () => {
    const url = await stored(`o'clock (1).bin`.replace(`'`, '&apos;'), '0123456789');
    const part = async (range: string, more = {}) => {
      const got = await fetch(url, { headers: { range, ...more } });
      return [got.status, got.headers.get('content-range'), await got.text()];
    };
    expect(await part('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234']);
    expect(await part('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await part('bytes=-2')).toEqual([206, 'bytes 8-9/10', '89']);
    expect(await part('bytes=10-')).toEqual([416, 'bytes */10', '']);
    expect(await part('bytes=0-1,3-4')).toEqual([200, null, '0123456789']);
    expect(await part('bytes=2-4', { 'if-range': '"other"' })).toEqual([200, null, '0123456789']);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
    const etag = head.headers.get('etag') ?? '';
    expect((await fetch(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('can be put and got by other sites', async () => {
    const { putUrl } = await slot(`filename='a' size='1'`);
    const preflight = await fetch(putUrl, {
      method: 'OPTIONS',
      headers: { origin: 'https://example.com', 'access-control-request-method': 'PUT' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Content-Type');
    expect((await put(putUrl, 'too long')).headers.get('access-control-allow-origin')).toBe('*');
  });

  it('outlives the server, but not its account', async () => {
    await stage.server.accounts.add('paris', 'paris');
    const paris = await stage.signIn('paris');
    const { putUrl, getUrl } = await slot(`filename='a' size='1'`, '', paris);
    expect((await put(putUrl, 'x')).status).toBe(201);
    const { pathname } = new URL(getUrl);
    const id = pathname.split('/')[2] as string;
    const uploads = join(stage.directory, 'uploads');
    await stage.server.stop();
    await stage.start();
    romeo = await stage.signIn('romeo');
    expect((await fetch(stage.server.url + pathname)).status).toBe(200);
    expect(filesIn(uploads).filter((name) => name.includes(id))).toHaveLength(1);
    await stage.server.accounts.remove('paris');
    expect((await fetch(stage.server.url + pathname)).status).toBe(404);
    const kept = filesIn(uploads).length - 1;
    await stage.server.stop();
    await stage.start();
    romeo = await stage.signIn('romeo');
    for (let i = 0; filesIn(uploads).length > kept && i < 500; i++) await pause(10);
    expect(filesIn(uploads).filter((name) => name.includes(id))).toEqual([]);
    expect(filesIn(uploads)).toHaveLength(kept);
  });
});

describe('the service', () => {
  it('has the address it is told, and is off when it is told so', async () => {
    const told = await Stage.open({ upload: { publicUrl: 'https://files.example.org/x/' } });
    const { putUrl } = await slot(`filename='a' size='1'`, '', await told.signIn('romeo'));
    expect(putUrl).toMatch(/^https:\/\/files\.example\.org\/x\/upload\//);
    await told.close();
    const off = await Stage.open({ upload: { enabled: false } });
    const actor = await off.signIn('romeo');
    actor.sends(`<iq type='get' id='1' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`);
    expect((await actor.receives(`<iq id='1'/>`)).toString()).not.toContain('upload.');
    expect((await fetch(`${off.server.url}/upload/a/b`)).status).toBe(404);
    await off.close();
  });
});
