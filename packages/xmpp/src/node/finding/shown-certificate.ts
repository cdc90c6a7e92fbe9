import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { escapeAttribute, StreamReader } from '@thingward/xml';
import { asciiDomain } from '../../idna/domain-name.ts';
import { NS } from '../../namespaces.ts';
import { FindingError } from './finding-error.ts';
import type { FoundServer } from './found-server.ts';

/** What a server showed when it was looked at. */
export interface ShownCertificate {
  /** SHA-256, lower-case hexadecimal: to be shown to a person, kept, and given to `tcpConnector` as `trust`. */
  readonly fingerprint: string;
  /** Do the system's authorities vouch for it and for the domain? That says who it is, not that it is the right one. */
  readonly isVouchedFor: boolean;
}

const MAX_STREAM_BYTES = 65_536;

/**
 * Looks at a server's certificate, and sends nothing that is secret. What to trust is for the caller to decide, and to keep.
 * @throws FindingError `no-certificate`
 * @see RFC 6120 §5, XEP-0368
 */
export function shownCertificate(server: FoundServer, signal: AbortSignal): Promise<ShownCertificate> {
  const { host, port, tls } = server;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', stop);
      socket.destroy();
      settle();
    };
    const fail = (error: Error) =>
      end(() => reject(new FindingError('no-certificate', `${host}:${port}: ${error.message}`, { cause: error })));
    const stop = () => fail(new Error('no certificate in time'));
    const look = () => {
      const secured = upgrade(socket, server);
      secured.once('error', fail);
      secured.once('secureConnect', () => end(() => resolve(certificateOf(secured))));
    };
    signal.addEventListener('abort', stop, { once: true });
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('the server closed the connection')));
    socket.once('connect', () => {
      if (tls === 'direct') look();
      else askForTls(socket, server, { ready: look, fail });
    });
    if (signal.aborted) stop();
  });
}

function askForTls(
  socket: Socket,
  { domain }: FoundServer,
  { ready, fail }: { readonly ready: () => void; readonly fail: (error: Error) => void },
): void {
  const reader = new StreamReader({ maxElementBytes: MAX_STREAM_BYTES });
  const take = (chunk: Buffer) => {
    try {
      reader.push(chunk);
      for (let event = reader.next(); event; event = reader.next()) {
        if (event.kind === 'close') throw new Error('the server ended the stream');
        if (event.kind !== 'frame') continue;
        const { element } = event.frame;
        if (element.is('features', NS.stream)) {
          if (!element.child('starttls', NS.tls)) throw new Error('the server offers no TLS');
          socket.write(`<starttls xmlns='${NS.tls}'/>`);
        } else if (element.is('proceed', NS.tls)) {
          socket.off('data', take);
          ready();
          return;
        } else throw new Error(`the server answers <${element.name}/>`);
      }
    } catch (error) {
      fail(error as Error);
    }
  };
  socket.on('data', take);
  socket.write(
    `<?xml version='1.0'?><stream:stream xmlns='${NS.client}' xmlns:stream='${NS.stream}' to='${escapeAttribute(domain)}' version='1.0'>`,
  );
}

function upgrade(socket: Socket, { domain, tls }: FoundServer): TLSSocket {
  return connectTls({
    socket,
    servername: /^[\d.:[\]]+$/.test(domain) ? '' : asciiDomain(domain),
    minVersion: 'TLSv1.2',
    // It is only looked at: nothing is sent over this connection.
    rejectUnauthorized: false,
    ...(tls === 'direct' ? { ALPNProtocols: ['xmpp-client'] } : {}),
  });
}

function certificateOf(secured: TLSSocket): ShownCertificate {
  const { raw } = secured.getPeerCertificate();
  return { fingerprint: createHash('sha256').update(raw).digest('hex'), isVouchedFor: secured.authorized };
}
