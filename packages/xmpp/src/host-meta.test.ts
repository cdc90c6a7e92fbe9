import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeHostMeta, encodeHostMeta, encodeHostMetaJson } from './host-meta.ts';

const CONNECTIONS = { websocket: 'wss://web.example.com:443/ws', xbosh: 'https://web.example.com:5280/bosh' };

// XEP-0156, examples 1 and 2
const XRD = `<?xml version='1.0' encoding='utf-8'?>
<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>
  <Link rel="lrdd" href="https://web.example.com/lrdd" />
  <Link rel="urn:xmpp:alt-connections:xbosh"
        href="https://web.example.com:5280/bosh" />
  <Link rel="urn:xmpp:alt-connections:websocket"
        href="wss://web.example.com:443/ws" />
</XRD>`;
const JRD = `{ "subject": "x", "links": [
  { "rel": "urn:xmpp:alt-connections:xbosh", "href": "https://web.example.com:5280/bosh" },
  { "rel": "urn:xmpp:alt-connections:websocket", "href": "wss://web.example.com:443/ws" } ] }`;

it.each([
  ['XML', XRD],
  ['JSON', JRD],
])('reads %s as the XEP prints it', (_, text) => {
  expect(decodeHostMeta(text)).toEqual(CONNECTIONS);
});

it('reads what it writes', () => {
  expect(decodeHostMeta(encodeHostMeta(CONNECTIONS))).toEqual(CONNECTIONS);
  expect(decodeHostMeta(JSON.stringify(encodeHostMetaJson(CONNECTIONS)))).toEqual(CONNECTIONS);
  expect(encodeHostMetaJson({})).toEqual({ links: [] });
});

it('takes the first of each kind, and nothing that is no URL', () => {
  const rel = 'urn:xmpp:alt-connections:xbosh';
  const links = [null, 7, { rel }, { rel, href: 'nonsense' }, { rel, href: 'https://a/' }, { rel, href: 'https://b/' }];
  expect(decodeHostMeta(JSON.stringify({ links }))).toEqual({ xbosh: 'https://a/' });
});

it('of anything else, understands nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(decodeHostMeta(text)).toEqual({});
    }),
  );
});
