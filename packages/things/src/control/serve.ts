import type { Element } from '@thingward/xml';
import { encodeDataForm, type Jid, type Logger, SILENT_LOGGER, StanzaError, type XmppPeer } from '@thingward/xmpp';
import { type AccessCheck, accessDenied, accessibleThings } from '../thing/access.ts';
import { DeadlineError, withinDeadline } from '../thing/deadline.ts';
import type { NodeReference } from '../thing/node.ts';
import { decodingRequest, type Tokens } from '../thing/payload.ts';
import { ControlUnknownError, type Thing } from '../thing/thing.ts';
import { checkSettings } from './check-settings.ts';
import {
  CONTROL_NAMESPACE,
  type ControlRequest,
  decodeControlFormRequest,
  decodeControlRequest,
  encodeControlResponse,
  parameterErrorReply,
} from './codec.ts';
import { decodeSubmittedForm, encodeControlForm } from './form.ts';
import { ParameterError, type ParameterValue } from './parameter.ts';

export interface ControlServerOptions {
  readonly things: readonly Thing[];
  readonly mayControl: AccessCheck;
  /** Commands at the same time; more are refused. 32 when not given. */
  readonly maxRunning?: number | undefined;
  /** After so long the outcome of a command counts as unknown. 25,000 ms when not given: less than requesters usually wait. */
  readonly timeoutMs?: number | undefined;
  readonly log?: Logger | undefined;
}

/** Control being served. */
export interface ControlServer {
  /** Takes no commands any more, gives those that run the signal to end, and waits until they have an outcome. */
  stop(): Promise<void>;
}

/**
 * Answers control commands and requests for control forms. A command is checked as a whole against all Things it is for before any
 * of them is touched, is given to each of them at most once, and has a definite answer or a definite "unknown".
 * @see XEP-0325 §3
 */
export function serveControl(peer: XmppPeer, options: ControlServerOptions): ControlServer {
  const { things, mayControl, maxRunning = 32, timeoutMs = 25_000, log = SILENT_LOGGER } = options;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();

  const targetsOf = async ({ nodes, ...tokens }: Tokens & { nodes: readonly NodeReference[] }, requester: Jid) => {
    const allowed = await accessibleThings(things, { requester, tokens, nodes }, mayControl);
    if (allowed.some(({ names }) => names !== undefined)) throw accessDenied();
    return addressed(
      allowed.map(({ thing }) => thing),
      nodes,
    );
  };

  const set = async (payload: Element, from: Jid) => {
    const request = decodingRequest(() => decodeControlRequest(payload));
    const commands = checkCommands(request, await targetsOf(request, from));
    if (running.size >= maxRunning)
      throw new StanzaError('resource-constraint', 'too many commands are being carried out');
    const run = carryOut(commands, { timeoutMs, signal: stopping.signal, log });
    running.add(run);
    try {
      await run;
    } finally {
      running.delete(run);
    }
    log.info(
      { requester: from.toString(), parameters: [...commands.values()].flatMap((v) => [...v.keys()]) },
      'controlled',
    );
  };

  const stops = [
    peer.onIq('set', { name: 'set', namespace: CONTROL_NAMESPACE }, async ({ payload, from }) => {
      await set(payload, from);
      return encodeControlResponse({ nodes: [], parameters: [] });
    }),
    peer.onMessage({ name: 'set', namespace: CONTROL_NAMESPACE }, async ({ type, from }, payload) => {
      if (type === 'error') return;
      try {
        await set(payload, from);
      } catch (error) {
        // XEP-0325 §3.1.1: a message is not answered, whatever becomes of it.
        log.warn({ requester: from.toString(), error }, 'a command sent as a message was not carried out');
      }
    }),
    peer.onIq('get', { name: 'getForm', namespace: CONTROL_NAMESPACE }, async ({ payload, from }) => {
      const request = decodingRequest(() => decodeControlFormRequest(payload));
      const [thing, ...others] = await targetsOf(request, from);
      if (thing === undefined || others.length > 0) {
        throw new StanzaError('feature-not-implemented', 'Cannot merge control forms from different nodes.');
      }
      return encodeDataForm(controlFormOf(thing));
    }),
  ];

  return {
    stop: async () => {
      for (const stop of stops) stop();
      stopping.abort(new ControlUnknownError('the Thing is being shut down'));
      await Promise.allSettled(running);
    },
  };
}

/** Without nodes a command is for the JID itself, or for the only Thing there is. @throws StanzaError `bad-request` */
function addressed(things: readonly Thing[], nodes: readonly NodeReference[]): readonly Thing[] {
  if (nodes.length > 0 || things.length === 1) return things;
  const itself = things.find((thing) => thing.node === undefined);
  if (itself) return [itself];
  throw new StanzaError('bad-request', 'several nodes are behind this address: say which');
}

/** What each Thing is to be set to. @throws StanzaError when anything is wrong for any of them */
function checkCommands(
  { settings, form }: ControlRequest,
  things: readonly Thing[],
): ReadonlyMap<Thing, ReadonlyMap<string, ParameterValue>> {
  const commands = new Map<Thing, ReadonlyMap<string, ParameterValue>>();
  const refused = new Map<string, ParameterError>();
  for (const thing of things) {
    const submitted = form ? decodeSubmittedForm(form, thing.parameters) : { settings: [], errors: [] };
    const { values, errors } = checkSettings([...settings, ...submitted.settings], thing.parameters);
    for (const error of [...submitted.errors, ...errors]) {
      if (!refused.has(error.parameter)) refused.set(error.parameter, error);
    }
    if (values.size === 0 && refused.size === 0) throw new StanzaError('bad-request', 'set: there is nothing to set');
    commands.set(thing, values);
  }
  const [first, ...others] = refused.values();
  if (first) throw parameterErrorReply([first, ...others]);
  return commands;
}

/** One Thing after the other; the first that fails ends it. @throws StanzaError */
async function carryOut(
  commands: ReadonlyMap<Thing, ReadonlyMap<string, ParameterValue>>,
  { timeoutMs, signal, log }: { timeoutMs: number; signal: AbortSignal; log: Logger },
): Promise<void> {
  const done: string[] = [];
  for (const [thing, values] of commands) {
    const nodeId = thing.node?.nodeId ?? 'the Thing itself';
    const controller = new AbortController();
    try {
      signal.throwIfAborted();
      await withinDeadline(thing.set(values, AbortSignal.any([signal, controller.signal])), timeoutMs, signal);
      done.push(nodeId);
    } catch (error) {
      throw failureReply(error, done.length > 0 ? `set: ${done.join(', ')}; ${nodeId}: ` : '', thing, log);
    } finally {
      controller.abort();
    }
  }
}

function failureReply(error: unknown, progress: string, thing: Thing, log: Logger): StanzaError {
  if (error instanceof ParameterError) {
    return parameterErrorReply([new ParameterError(error.code, error.parameter, progress + error.message)]);
  }
  if (error instanceof ControlUnknownError || error instanceof DeadlineError) {
    return new StanzaError('remote-server-timeout', `${progress}the outcome is unknown: ${error.message}`);
  }
  log.error({ error, node: thing.node }, 'a Thing threw an unexpected error when it was set');
  return new StanzaError('internal-server-error', `${progress}the outcome is unknown`);
}

function controlFormOf(thing: Thing) {
  const name = thing.metaTags.find((tag) => tag.name.toUpperCase() === 'NAME')?.value;
  return encodeControlForm({
    title: thing.node?.nodeId ?? (name === undefined ? undefined : String(name)),
    parameters: thing.parameters.map((parameter) => ({ parameter, value: thing.parameterValue(parameter.name) })),
  });
}
