import { discoInfo, type Jid, type Logger, type Unsubscribe, type XmppPeer } from '@thingward/xmpp';
import { sendEvents } from './client.ts';
import { EVENT_LOG } from './codec.ts';
import type { EventLogger } from './event-logger.ts';

const RETRY_MS = 600_000;

/**
 * Lets a logger tell a log of events on the network, whenever there is a connection and the log says that it takes events: not
 * everybody may be told what happens here.
 * @param retryMs time after which a log that did not answer is asked again
 * @returns ends it; what waits is sent before
 * @see XEP-0337 §4, §7.1
 */
export function tellEventLog(
  peer: XmppPeer,
  log: Jid,
  logger: EventLogger,
  { local, retryMs = RETRY_MS }: { readonly local: Logger; readonly retryMs?: number },
): Unsubscribe {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ended = new AbortController();
  const connect = async () => {
    clearTimeout(timer);
    try {
      const { features } = await discoInfo(peer, log, { signal: ended.signal });
      if (!features.includes(EVENT_LOG)) throw new Error(`${log} takes no events`);
      logger.connect((events) => sendEvents(peer, log, events));
    } catch (error) {
      if (ended.signal.aborted) return;
      local.debug({ log: log.toString(), reason: (error as Error).message }, 'there is no log of events');
      timer = setTimeout(() => void connect(), retryMs);
    }
  };
  const stop = peer.onOnline(connect);
  return () => {
    stop();
    clearTimeout(timer);
    logger.flush();
    logger.disconnect();
    ended.abort(new Error('the logger ended'));
  };
}
