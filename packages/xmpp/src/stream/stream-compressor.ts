import type { Element } from '@thingward/xml';
import type { Jid } from '../jid.ts';
import type { XmlStream } from './xml-stream.ts';

/** Has a client's streams compressed, where the server can do that. @see XEP-0138, XEP-0322 */
export interface StreamCompressor {
  /**
   * Begins without waiting for the server, by what was agreed on before: what is sent from here on is compressed.
   * @returns reads what the server says of it; undefined when nothing was agreed on
   */
  begin(stream: XmlStream, account: Jid): Promise<(() => Promise<void>) | undefined>;
  /** May the server offer it? While that may be, its offer is waited for. */
  mayBeOffered(stream: XmlStream): boolean;
  /**
   * Asks for compression, where it is offered.
   * @returns whether the stream is compressed now, and to be opened anew; when it is not, it goes on as it was
   * @throws StreamError, PeerError
   */
  negotiate(stream: XmlStream, features: Element, account: Jid): Promise<boolean>;
  /** What to send on a stream that is ready, so that later ones can be compressed better. */
  afterwards(account: Jid): Promise<readonly Element[]>;
  /** Is it an answer to that? Told of each element that arrives and is no stanza. */
  takes(element: Element): boolean;
}
