import { parseElement } from '@thingward/xml';
import { expect, test } from 'vitest';
import { packetText } from './packet-text.ts';

test('logs show what was asked for, not what was said, nor tokens', () => {
  const stanza = parseElement(
    `<message xmlns='jabber:client' id='1'><body>secret</body><set xmlns='urn:xmpp:iot:control' serviceToken='abc'><int name='Speed' value='3'/></set><set xmlns='urn:ieee:iot:ctr:1.0' st='abc'/></message>`,
  );
  const text = packetText(stanza);
  expect(text).toContain('<int name="Speed" value="3"/>'.replaceAll('"', text.includes("name='Speed'") ? "'" : '"'));
  expect(text).not.toMatch(/secret|abc|body/);
});
