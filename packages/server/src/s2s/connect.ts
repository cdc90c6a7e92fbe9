import { connect, isIPv6, type Socket } from 'node:net';
import { StanzaError } from '@thingward/xmpp';

/** RFC 8305 §5: how long an address may be silent before the next one is tried beside it. */
const ATTEMPT_DELAY_MS = 250;

/**
 * Connects to whichever address answers first.
 * @param addresses in order of preference
 * @throws StanzaError `remote-server-timeout`
 * @see RFC 8305 §5
 */
export function connectFirst(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const attempts = new Set<Socket>();
    const left = [...addresses];
    let timer: NodeJS.Timeout | undefined;
    let lastError = 'no address';

    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      for (const socket of attempts) socket.destroy();
    };
    const fail = (why: string) => {
      settle();
      reject(new StanzaError('remote-server-timeout', why));
    };
    const abort = () => fail(`no connection in time (${lastError})`);
    const next = () => {
      clearTimeout(timer);
      const host = left.shift();
      if (host === undefined) {
        if (attempts.size === 0) fail(lastError);
        return;
      }
      const socket = connect({ host, port, noDelay: true });
      attempts.add(socket);
      socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
        lastError = `${isIPv6(host) ? `[${host}]` : host}:${port}: ${code ?? message}`;
        if (attempts.delete(socket)) next();
      });
      socket.once('connect', () => {
        if (!attempts.delete(socket)) return;
        settle();
        resolve(socket);
      });
      if (left.length > 0) timer = setTimeout(next, ATTEMPT_DELAY_MS);
    };

    if (signal.aborted) {
      abort();
      return;
    }
    signal.addEventListener('abort', abort, { once: true });
    next();
  });
}
