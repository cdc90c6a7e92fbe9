import { decodeChannelBindings, Jid, NS, XmppClient } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STREAM_HEADER, Stage } from './conversation.ts';

let stage: Stage;
const mechanisms: string[] = [];
beforeAll(async () => {
  const note = (details: unknown) => mechanisms.push((details as { mechanism?: string }).mechanism ?? '');
  const silent = () => undefined;
  stage = await Stage.open({}, { log: { debug: note, info: silent, warn: silent, error: silent } });
});
afterAll(() => stage.close());

describe('channel binding over TLS (RFC 9266, RFC 5929, XEP-0440)', () => {
  it('is offered inside TLS, and nowhere else', async () => {
    const plain = await stage.connect();
    const before = await plain.opens();
    expect(decodeChannelBindings(before)).toBeUndefined();
    expect(before.toString()).not.toContain('PLUS');
    plain.sends(`<starttls xmlns='${NS.tls}'/>`);
    await plain.next();
    await plain.startsTls();
    const inside = await plain.opens(STREAM_HEADER);
    expect(decodeChannelBindings(inside)).toEqual(['tls-exporter', 'tls-server-end-point']);
    expect(inside.toString()).toContain('SCRAM-SHA-256-PLUS');
  });

  it.each(['starttls', 'direct'] as const)('our client uses it with %s', async (tls) => {
    const client = new XmppClient({
      jid: Jid.parse('romeo@localhost'),
      password: 'romeo',
      connect: tcpConnector({
        domain: 'localhost',
        host: '127.0.0.1',
        port: stage.server.address(tls === 'starttls' ? 0 : 1)?.port ?? 0,
        tls,
        trust: { fingerprint: stage.server.tls.fingerprint },
      }),
    });
    mechanisms.length = 0;
    client.start();
    await client.ready();
    expect(mechanisms).toContain('SCRAM-SHA-256-PLUS');
    await client.stop();
  });
});
