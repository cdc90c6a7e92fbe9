import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stage } from './conversation.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open({ listen: { c2s: '127.0.0.1:0', c2sTls: '127.0.0.1:0', s2sTls: '127.0.0.1:0' } });
});
afterAll(() => stage?.close());

/** @returns the protocol agreed upon, or the error */
function handshake(
  protocols: string[] | undefined,
  maxVersion: 'TLSv1.2' | 'TLSv1.3',
  port = stage.server.address(1)?.port ?? 0,
): Promise<string | false | null> {
  return new Promise((resolve) => {
    const socket = connect(
      {
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        maxVersion,
        ...(protocols && { ALPNProtocols: protocols }),
      },
      () => {
        resolve(socket.alpnProtocol);
        socket.destroy();
      },
    );
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''));
  });
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('direct TLS with %s (XEP-0368, RFC 7301 §3.2)', (version) => {
  it.each<[string[] | undefined, string | false]>([
    [['xmpp-client'], 'xmpp-client'],
    [['h2', 'http/1.1', 'xmpp-client'], 'xmpp-client'],
    [undefined, false],
    [['xmpp-server'], 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
    [['h2', 'http/1.1'], 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
  ])('a client that offers %j: %s', async (protocols, outcome) => {
    expect(await handshake(protocols, version)).toBe(outcome);
  });

  it.each<[string[] | undefined, string | false]>([
    [['xmpp-server'], 'xmpp-server'],
    [['xmpp-client', 'xmpp-server'], 'xmpp-server'],
    [undefined, false],
    [['xmpp-client'], 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
  ])('a server that offers %j: %s', async (protocols, outcome) => {
    const port = stage.server.federation?.address('s2sTls')?.port;
    expect(await handshake(protocols, version, port)).toBe(outcome);
  });
});
