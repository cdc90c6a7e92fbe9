import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { MemoryTlsSessionKeeper, tcpConnector } from '@thingward/xmpp/node';
import { afterEach, describe, expect, it } from 'vitest';
import { selfSignedTls, type Tls } from '../src/tls.ts';

let server: Server;
let directory: string;
/** Of each connection: did it go on with a TLS session of before? */
let reused: boolean[];
afterEach(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function serve(maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<{ tls: Tls; port: number }> {
  directory = mkdtempSync(join(tmpdir(), 'thingward-tls-'));
  reused = [];
  const tls = await selfSignedTls(directory, 'localhost');
  server = createServer({ ...tls.options, maxVersion, ALPNProtocols: ['xmpp-client'] }, (socket: TLSSocket) => {
    reused.push(socket.isSessionReused());
    // A client of TLS 1.3 gets what it resumes with after the handshake, with the first it reads.
    socket.write('<stream:stream');
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { tls, port: (server.address() as AddressInfo).port };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a client that connects again with %s', (version) => {
  it('resumes TLS, and checks the certificate it knows as before', async () => {
    const { tls, port } = await serve(version);
    const sessions = new MemoryTlsSessionKeeper();
    const options = { domain: 'localhost', host: '127.0.0.1', port, tls: 'direct', tlsSessions: sessions } as const;
    const connect = tcpConnector({ ...options, trust: { fingerprint: tls.fingerprint } });
    for (let i = 0; i < 3; i++) {
      const stream = await connect(AbortSignal.timeout(2000));
      expect(stream.channelBindings?.['tls-server-end-point']).toBeDefined();
      await pause();
      stream.destroy();
    }
    expect(reused).toEqual([false, true, true]);
    const other = tcpConnector({ ...options, trust: { fingerprint: tls.fingerprint.replace(/\w\w$/, '00') } });
    await expect(other(AbortSignal.timeout(2000))).rejects.toThrow('has the fingerprint');
  });
});
