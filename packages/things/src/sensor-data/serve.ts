import {
  type IqRequest,
  type Jid,
  type Logger,
  message,
  SILENT_LOGGER,
  StanzaError,
  type XmppPeer,
} from '@thingward/xmpp';
import { type AccessCheck, accessibleThings, findWithSubnodes } from '../thing/access.ts';
import { decodingRequest } from '../thing/payload.ts';
import { presentThings, type Things } from '../thing/thing-set.ts';
import type { ReadoutId, ReadoutRequest } from './codec.ts';
import type { ReadoutDialect } from './dialect.ts';
import { READOUT_DIALECTS } from './dialects.ts';
import { FIELD_TYPES } from './field.ts';
import { encodeFlow } from './flow-codec.ts';
import { type ReadoutAccess, readThings } from './read-things.ts';
import { ReaderFlow, ReaderLostError } from './reader-flow.ts';
import { ReadoutSchedule, type ScheduleLimits } from './readout-schedule.ts';
import { ReadoutSender } from './readout-sender.ts';

/** How much work requesters can make. */
export interface ReadoutLimits extends ScheduleLimits {
  readonly fieldsPerMessage: number;
  /** About the characters of a message: well below what servers take. */
  readonly charactersPerMessage: number;
  /** Messages after which the reader is asked whether it has read them; no more than twice as many are on their way. */
  readonly messagesPerWindow: number;
  /** Silence of a reader, in milliseconds, after which it counts as lost. */
  readonly readerSilenceMs: number;
  /** Things of one read-out that are read at the same time. */
  readonly thingsAtOnce: number;
  /** Silence of a Thing, in milliseconds, after which it counts as failed: less than readers usually wait. */
  readonly silenceMs: number;
}

export const DEFAULT_READOUT_LIMITS: ReadoutLimits = {
  running: 16,
  waiting: 200,
  perRequester: 10,
  fieldsPerMessage: 50,
  charactersPerMessage: 60_000,
  messagesPerWindow: 16,
  readerSilenceMs: 300_000,
  thingsAtOnce: 4,
  silenceMs: 25_000,
};

export interface SensorDataOptions {
  readonly things: Things;
  /** Asked when a request arrives and again when its read-out begins. */
  readonly mayRead: AccessCheck;
  readonly limits?: Partial<ReadoutLimits> | undefined;
  readonly log?: Logger | undefined;
  readonly clock?: (() => Date) | undefined;
}

/** Sensor data being served. */
export interface SensorDataServer {
  /** Ends all read-outs of a full JID, or of all resources of a bare one: it may not read any more. */
  cancelAllOf(requester: Jid): void;
  /** What `mayRead` says may have changed: read-outs that go on are asked about again, and give no more than may be read now. */
  accessChanged(): void;
  /** Takes no requests any more, ends all read-outs, and waits until they have ended. */
  stop(): Promise<void>;
}

/**
 * Answers requests for sensor data of Things: each accepted one is a read-out that runs by itself and sends messages, until it is
 * done, cancelled, or its requester is gone. It is answered in the dialect it came in.
 * @see XEP-0323 §3
 */
export function serveSensorData(peer: XmppPeer, options: SensorDataOptions): SensorDataServer {
  const { things, mayRead, log = SILENT_LOGGER, clock = () => new Date() } = options;
  const limits = { ...DEFAULT_READOUT_LIMITS, ...options.limits };
  const schedule = new ReadoutSchedule(limits, clock, (error) => log.warn({ error }, 'a read-out ended early'));

  let revision = 0;

  const readable = ({ nodes, ...tokens }: ReadoutRequest, requester: Jid) =>
    accessibleThings(presentThings(things), { requester, tokens, nodes }, mayRead, findWithSubnodes);

  const accept = async (dialect: ReadoutDialect, { payload, from, to }: IqRequest) => {
    const request = decodingRequest(() => dialect.decodeRequest(payload));
    await readable(request, from);
    const { seqnr, when } = request;
    const run = (signal: AbortSignal, wasQueued: boolean) => readOut(request, { dialect, from, to, signal, wasQueued });
    return dialect.encodeAccepted({ seqnr, ...schedule.admit({ requester: from, seqnr, when, run }) });
  };

  const readOut = async (
    request: ReadoutRequest,
    options: { dialect: ReadoutDialect; from: Jid; to: Jid; signal: AbortSignal; wasQueued: boolean },
  ) => {
    const { dialect, from, to, signal, wasQueued } = options;
    const { seqnr, serviceToken, deviceToken, userToken } = request;
    const tokens = { serviceToken, deviceToken, userToken };
    const access: ReadoutAccess = {
      since: revision,
      revision: () => revision,
      of: (thing) => mayRead(from, thing, tokens),
    };
    const lost = new AbortController();
    const ask = () => askReader(peer, { from, to, seqnr, timeoutMs: limits.readerSilenceMs, signal });
    const sender = new ReadoutSender((payload) => peer.send(message('normal', { to: from, from: to }, payload)), {
      dialect,
      seqnr,
      fieldsPerMessage: limits.fieldsPerMessage,
      charactersPerMessage: limits.charactersPerMessage,
      flow: new ReaderFlow(ask, limits.messagesPerWindow),
      clock,
      onLost: (error) => lost.abort(error),
    });
    try {
      if (wasQueued) sender.started();
      await readThings(await readable(request, from), selectionOf(request), sender, {
        signal: AbortSignal.any([signal, lost.signal]),
        thingsAtOnce: limits.thingsAtOnce,
        silenceMs: limits.silenceMs,
        access,
        log,
      });
      sender.finish();
    } catch (error) {
      if (signal.aborted || !(error instanceof StanzaError)) throw error;
      sender.failure(undefined, error.text ?? error.condition);
      sender.finish();
    } finally {
      sender.stop();
    }
  };

  const cancel = (dialect: ReadoutDialect, { payload, from }: IqRequest) => {
    const seqnr = decodingRequest(() => dialect.decodeCancel(payload));
    if (!schedule.cancel(from, seqnr)) throw new StanzaError('item-not-found', `you have no read-out ${seqnr}`);
    return dialect.encodeCancelled(seqnr);
  };

  const stops = [
    ...READOUT_DIALECTS.flatMap((dialect) => {
      const { namespace, idAttribute } = dialect;
      // Texts and implementations of the later dialects do not agree on the types of requests: either will do.
      const types = dialect.name === 'xep' ? (['get'] as const) : (['get', 'set'] as const);
      return [
        ...types.flatMap((type) => [
          peer.onIq(type, { name: 'req', namespace }, (request) => accept(dialect, request)),
          peer.onIq(type, { name: 'cancel', namespace }, (request) => cancel(dialect, request)),
        ]),
        peer.onMessage({ namespace }, ({ type, from }, payload) => {
          // What was sent came back: nobody reads it.
          const id = payload.attribute(idAttribute)?.trim();
          if (type === 'error' && id !== undefined) schedule.cancel(from, id);
        }),
      ];
    }),
    peer.onPresence(({ type, from }) => {
      if (type === 'unavailable') schedule.cancelAllOf(from);
    }),
  ];

  return {
    cancelAllOf: (requester) => schedule.cancelAllOf(requester),
    accessChanged: () => {
      revision++;
    },
    stop: async () => {
      for (const stop of stops) stop();
      await schedule.stop();
    },
  };
}

/** A request that names no kinds, or all, is for all kinds. */
function selectionOf({ types, names, from, to, serviceToken, deviceToken, userToken }: ReadoutRequest) {
  const tokens = { serviceToken, deviceToken, userToken };
  return { types: FIELD_TYPES.every((type) => types.includes(type)) ? [] : types, names, from, to, tokens };
}

/** Errors that a reader's server gives when the reader is not there; any other answer comes from a reader. */
const GONE = new Set(['recipient-unavailable', 'gone', 'remote-server-not-found', 'remote-server-timeout']);

/** Waits until the reader has read what it was sent. @throws ReaderLostError, PeerError; the signal's reason */
async function askReader(
  peer: XmppPeer,
  options: { from: Jid; to: Jid; seqnr: ReadoutId; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const { from: reader, to: from, seqnr, timeoutMs, signal } = options;
  try {
    await peer.request('get', reader, encodeFlow(seqnr), { timeoutMs, signal, from });
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    if (GONE.has(error.condition)) throw new ReaderLostError(`the reader is lost: ${error.message}`, { cause: error });
  }
}
