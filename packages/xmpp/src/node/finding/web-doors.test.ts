import { expect, it } from 'vitest';
import { encodeHostMeta, encodeHostMetaJson } from '../../host-meta.ts';
import { webDoors } from './web-doors.ts';

const { signal } = new AbortController();
const DOORS = { websocket: 'wss://example.org/ws', xbosh: 'https://example.org/bosh' };

/** A web server with these files. */
const web =
  (files: Readonly<Record<string, string>>): typeof fetch =>
  async (url) => {
    const text = files[String(url)];
    return text === undefined ? new Response('no', { status: 404 }) : new Response(text);
  };

it('reads JSON, and XML where there is no JSON', async () => {
  const json = {
    'https://xn--bcher-kva.example/.well-known/host-meta.json': JSON.stringify(encodeHostMetaJson(DOORS)),
  };
  expect(await webDoors('bücher.example', { signal, fetch: web(json) })).toEqual(DOORS);
  const xml = { 'https://example.org/.well-known/host-meta': encodeHostMeta(DOORS) };
  expect(await webDoors('example.org', { signal, fetch: web(xml) })).toEqual(DOORS);
  expect(await webDoors('example.org', { signal, fetch: web({}) })).toEqual({});
});

it('takes nothing that is not encrypted, and nothing endless', async () => {
  const url = 'https://example.org/.well-known/host-meta.json';
  const plain = JSON.stringify(encodeHostMetaJson({ ...DOORS, websocket: 'ws://example.org/ws' }));
  expect(await webDoors('example.org', { signal, fetch: web({ [url]: plain }) })).toEqual({ xbosh: DOORS.xbosh });
  const endless = web({ [url]: 'x'.repeat(70_000) });
  await expect(webDoors('example.org', { signal, fetch: endless })).rejects.toThrow(/host-meta.json: more than/);
});

it('says why the file could not be read', async () => {
  const fetch = async () => {
    throw new TypeError('fetch failed', { cause: new Error('self-signed certificate') });
  };
  await expect(webDoors('example.org', { signal, fetch })).rejects.toMatchObject({
    code: 'unavailable',
    message: 'https://example.org/.well-known/host-meta.json: self-signed certificate',
  });
});
