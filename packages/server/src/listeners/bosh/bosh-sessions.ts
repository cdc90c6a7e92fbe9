import { randomBytes } from 'node:crypto';
import { XmlError } from '@thingward/xml';
import { BOSH_CONTENT_TYPE, BoshBody, BoshError, type BoshRequest, decodeBoshRequest, Jid } from '@thingward/xmpp';
import type { ConnectionContext } from '../../client-connection.ts';
import type { StreamCensus } from '../../figures/stream-census.ts';
import type { Connections } from '../connections.ts';
import { BoshSession, maxBoshBodyBytes } from './bosh-session.ts';
import type { BoshExchange } from './exchange.ts';
import { EMPTY_LOAD } from './payload-queue.ts';
import { responseBody } from './response-body.ts';
import type { BoshSettings } from './settings.ts';

/** Payloads of one request. */
const MAX_PAYLOADS = 1000;

/** Where a request comes from. */
export interface BoshOrigin {
  readonly address: string;
  /** Address and port, for people. */
  readonly remote: string;
  readonly isEncrypted: boolean;
  /** Must clients be encrypted before they authenticate? */
  readonly requireTls: boolean;
}

export interface BoshSessionsOptions {
  readonly context: ConnectionContext;
  readonly connections: Connections;
  /** Read when a session is made. */
  readonly settings: BoshSettings;
  readonly streams: StreamCensus;
}

/** The BOSH sessions of a server: takes requests to theirs, and makes new ones. @see XEP-0124 §7 */
export class BoshSessions {
  readonly #options: BoshSessionsOptions;
  readonly #sessions = new Map<string, BoshSession>();
  #isClosed = false;

  constructor(options: BoshSessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Bytes one request may have at all. */
  get maxBodyBytes(): number {
    return maxBoshBodyBytes(this.#options.context.limits);
  }

  /** Bytes of bodies that went over HTTP. */
  transferred(received: number, sent: number): void {
    this.#options.streams.transferred('bosh', received, sent);
  }

  /** Takes a request. The exchange gets its response now, later, or when there is something to say. */
  receive(bytes: Uint8Array, exchange: BoshExchange, origin: BoshOrigin): void {
    let session: BoshSession | undefined;
    try {
      const body = new BoshBody(bytes);
      const sid = body.header.attribute('sid');
      session = sid === undefined ? undefined : this.#sessions.get(sid);
      if (sid !== undefined && !session) throw new BoshError('item-not-found', 'there is no such session');
      const request = decodeBoshRequest(body.header);
      session ??= this.#create(request, origin);
      if (bytes.length > session.maxBodyBytes) throw new BoshError('policy-violation', 'the body is too long');
      const limits = { maxPayloads: MAX_PAYLOADS, maxPayloadBytes: session.maxPayloadBytes };
      session.receive({ request, payloads: body.payloads(limits), size: bytes.length, exchange });
    } catch (error) {
      const known = error instanceof XmlError ? asBoshError(error) : error;
      if (session) session.abort(known, exchange);
      else this.refuse(known, exchange);
    }
  }

  /** Answers a request that belongs to no session. */
  refuse(error: unknown, exchange: BoshExchange): void {
    const known = error instanceof BoshError ? error : new BoshError('internal-server-error');
    if (known !== error) this.#options.context.log.error({ err: error }, 'a BOSH request could not be handled');
    const body = responseBody({ type: 'terminate', condition: known.condition }, EMPTY_LOAD);
    exchange.answer({ status: 200, contentType: BOSH_CONTENT_TYPE, body });
  }

  /** Ends all; from now on there are no new ones. */
  close(): void {
    this.#isClosed = true;
    for (const session of [...this.#sessions.values()]) session.destroy();
  }

  #create(request: BoshRequest, { address, remote, isEncrypted, requireTls }: BoshOrigin): BoshSession {
    const { context, connections, settings } = this.#options;
    if (this.#isClosed) throw new BoshError('system-shutdown');
    if (!request.to) throw new BoshError('improper-addressing', 'there is no to');
    if (Jid.tryParse(request.to)?.toString() !== context.domain) {
      throw new BoshError('host-unknown', `${request.to} is not served here`);
    }
    const sid = randomBytes(18).toString('base64url');
    const onGone = () => {
      this.#sessions.delete(sid);
      left?.();
    };
    const session = new BoshSession(context, request, { sid, settings, remote, isEncrypted, requireTls, onGone });
    const left = connections.enter(session, 'bosh', address);
    if (!left) {
      session.destroy();
      throw new BoshError('policy-violation', 'there are too many connections');
    }
    this.#sessions.set(sid, session);
    return session;
  }
}

function asBoshError({ code, message }: XmlError): BoshError {
  const isLimit = code === 'too-large' || code === 'too-deep' || code === 'too-many-attributes';
  return new BoshError(isLimit ? 'policy-violation' : 'bad-request', message);
}
