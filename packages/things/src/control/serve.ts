import type { Element } from '@thingward/xml';
import {
  DATA_FORM_LAYOUT_NAMESPACE,
  DATA_FORM_NAMESPACE,
  DATA_FORM_VALIDATION_NAMESPACE,
  DYNAMIC_FORM_NAMESPACE,
  type Jid,
  type Logger,
  SILENT_LOGGER,
  StanzaError,
  type XmppPeer,
} from '@thingward/xmpp';
import type { AccessCheck } from '../thing/access.ts';
import { decodingRequest, type Tokens } from '../thing/payload.ts';
import { ControlUnknownError } from '../thing/thing.ts';
import { presentThings, type Things } from '../thing/thing-set.ts';
import { carryOut } from './carry-out.ts';
import { checkCommands } from './check-commands.ts';
import { type ControlFormRequest, type ControlResponse, decodeParameterErrors } from './codec.ts';
import type { ControlDialect } from './dialect.ts';
import { CONTROL_DIALECTS } from './dialects.ts';
import { FormServer } from './form-server.ts';
import { controlTargets } from './targets.ts';
import { ThingLocks } from './thing-locks.ts';

export interface ControlServerOptions {
  readonly things: Things;
  readonly mayControl: AccessCheck;
  /** Commands at the same time; more are refused. 32 when not given. */
  readonly maxRunning?: number | undefined;
  /** After so long the outcome of a command counts as unknown. 25,000 ms when not given: less than requesters usually wait. */
  readonly timeoutMs?: number | undefined;
  /** How long a command waits for others at the same Thing before it is refused as a conflict. 3,000 ms when not given. */
  readonly busyMs?: number | undefined;
  /** How long reading back what was set may take. 4,000 ms when not given; 0: it is not read back. */
  readonly confirmMs?: number | undefined;
  readonly log?: Logger | undefined;
  readonly clock?: (() => Date) | undefined;
}

/** What a Thing that can be controlled says of itself. @see XEP-0325 §4, XEP-0122, XEP-0141 §4.1, XEP-0336 §4 */
export const CONTROL_FEATURES: readonly string[] = [
  ...CONTROL_DIALECTS.map(({ namespace }) => namespace),
  DATA_FORM_NAMESPACE,
  DATA_FORM_VALIDATION_NAMESPACE,
  DATA_FORM_LAYOUT_NAMESPACE,
  DYNAMIC_FORM_NAMESPACE,
];

/** Control being served. */
export interface ControlServer {
  /** Takes no commands any more, gives those that run the signal to end, and waits until they have an outcome. */
  stop(): Promise<void>;
}

/**
 * Answers control commands and requests for control forms. A command is checked as a whole against all Things it is for before any
 * of them is touched, is given to each of them at most once, and has a definite answer or a definite "unknown". What was set is read
 * back where the device can be read, and the answer, in the dialect of the command, says what was confirmed so. One command at a time is carried out at a Thing.
 * @see XEP-0325 §3
 */
export function serveControl(peer: XmppPeer, options: ControlServerOptions): ControlServer {
  const { things, mayControl, maxRunning = 32, timeoutMs = 25_000, busyMs = 3000, confirmMs = 4000 } = options;
  const { log = SILENT_LOGGER, clock = () => new Date() } = options;
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();
  const locks = new ThingLocks();
  const targetsOf = (request: ControlFormRequest, requester: Jid) =>
    controlTargets(presentThings(things), request, requester, mayControl);
  const forms = new FormServer({ peer, targetsOf, log, clock });

  const set = async (
    dialect: ControlDialect,
    payload: Element,
    { requester, isAnswered }: { readonly requester: Jid; readonly isAnswered: boolean },
  ): Promise<ControlResponse> => {
    const { settings, form, nodes, ...tokens } = decodingRequest(() => dialect.decodeRequest(payload));
    const targets = await targetsOf({ nodes, ...tokens }, requester);
    const { commands, isRestricted } = checkCommands({ settings, form, nodes }, targets);
    if (running.size >= maxRunning)
      throw new StanzaError('resource-constraint', 'too many commands are being carried out');
    const run = carryOut(commands, {
      context: contextOf(requester, tokens),
      locks,
      busyMs,
      timeoutMs,
      confirmMs: isAnswered ? confirmMs : 0,
      signal: stopping.signal,
      log,
    });
    running.add(run);
    try {
      const confirmed = await run;
      if (form) forms.submitted(form, requester);
      const parameters = [...new Set([...commands.values()].flatMap((values) => [...values.keys()]))];
      log.info({ requester: requester.toString(), parameters }, 'controlled');
      if (!isRestricted && !dialect.namesAll) return { nodes: [], parameters: [], confirmed };
      return { nodes: [...commands.keys()].flatMap(({ node }) => node ?? []), parameters, confirmed };
    } finally {
      running.delete(run);
    }
  };

  const stops = [
    ...CONTROL_DIALECTS.flatMap((dialect) => [
      peer.onIq('set', { name: 'set', namespace: dialect.namespace }, async ({ payload, from }) => {
        try {
          return dialect.encodeResponse(await set(dialect, payload, { requester: from, isAnswered: true }));
        } catch (error) {
          throw error instanceof StanzaError ? inDialect(dialect, error) : error;
        }
      }),
      peer.onMessage({ name: 'set', namespace: dialect.namespace }, async ({ type, from }, payload) => {
        if (type === 'error') return;
        try {
          await set(dialect, payload, { requester: from, isAnswered: false });
        } catch (error) {
          // XEP-0325 §3.1.1: a message is not answered, whatever becomes of it.
          log.warn({ requester: from.toString(), error }, 'a command sent as a message was not carried out');
        }
      }),
      peer.onIq('get', { name: 'getForm', namespace: dialect.namespace }, ({ payload, from, to }) =>
        forms.form(
          dialect,
          decodingRequest(() => dialect.decodeFormRequest(payload)),
          { requester: from, own: to },
        ),
      ),
    ]),
    peer.onIq('set', { name: 'submit', namespace: DYNAMIC_FORM_NAMESPACE }, ({ payload, from }) =>
      forms.postedBack(payload, from),
    ),
    peer.onIq('set', { name: 'cancel', namespace: DYNAMIC_FORM_NAMESPACE }, ({ payload, from }) => {
      forms.cancelled(payload, from);
      return undefined;
    }),
  ];

  return {
    stop: async () => {
      for (const stop of stops) stop();
      stopping.abort(new ControlUnknownError('the Thing is being shut down'));
      forms.stop();
      await Promise.allSettled(running);
    },
  };
}

/** The error reply with what it says of parameters as the dialect has it. */
function inDialect(dialect: ControlDialect, error: StanzaError): StanzaError {
  const refused = decodeParameterErrors(error);
  if (refused.length === 0 || dialect.name === 'xep') return error;
  const applications = refused.map((one) => dialect.encodeParameterError(one));
  return new StanzaError(error.condition, error.text, { type: error.type, applications });
}

function contextOf(requester: Jid, { serviceToken, deviceToken, userToken }: Tokens) {
  return { requester, tokens: { serviceToken, deviceToken, userToken } };
}
