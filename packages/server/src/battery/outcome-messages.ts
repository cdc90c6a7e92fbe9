import { type CommandState, encodeOutcome, readoutDialectOf } from '@thingward/things';
import { type Element, xml } from '@thingward/xml';
import { message, NS, StanzaError } from '@thingward/xmpp';
import type { KeptCommand } from './command-store.ts';

/** What became of a command or a read-out. */
export interface Outcome {
  readonly state: CommandState;
  readonly at: Date;
  /** What the Thing has answered: its payload, or its `<error/>`. */
  readonly payload?: Element | undefined;
  /** The whole stanza that it was refused with. */
  readonly refusal?: Element | undefined;
}

/** The `<error/>` of a sender that is no friend any more, in the namespace it has in a stanza, for it may stand elsewhere. */
export function accessDenied(): Element {
  const { elements } = new StanzaError('forbidden', 'Access denied.').toElement();
  return xml('error', { xmlns: NS.client, type: 'cancel' }, elements);
}

/** The answer to a request that waited, as who knows nothing of sleep expects it. @see docs/battery-powered.md §5.5 */
export function answerOf({ id, kind, stanzaId }: KeptCommand, outcome: Outcome): Element {
  const { state, at, payload, refusal } = outcome;
  const isWell = state === 'answered';
  const error = state === 'refused' ? payload : outcomeError(state, encodeOutcome({ id, state, at })).toElement();
  const content = isWell ? [payload] : (refusal?.elements ?? [error]);
  const name = kind === 'iq' ? 'iq' : 'message';
  return xml(name, { xmlns: NS.client, type: isWell ? 'result' : 'error', id: stanzaId }, content);
}

/** The end of a read-out that the Thing does not bring to its end; undefined where it did. @see docs/battery-powered.md §6 */
export function readoutFailure(command: KeptCommand, outcome: Outcome): Element | undefined {
  const { id, readout = '' } = command;
  const { state, at } = outcome;
  const dialect = readoutDialectOf(command.payload.namespace);
  if (state === 'answered' || !dialect) return undefined;
  const errors = [{ timestamp: at, message: failureText(outcome) }];
  const failure = dialect.encodeMessage({ kind: 'failure', seqnr: readout, errors, done: true });
  return message('normal', {}, failure, encodeOutcome({ id, state, at }));
}

function failureText({ state, payload }: Outcome): string {
  switch (state) {
    case 'expired':
      return 'It did not wake before the read-out expired.';
    case 'cancelled':
      return 'The read-out was cancelled.';
    case 'refused': {
      const error = payload && StanzaError.fromStanza(xml('iq', { xmlns: NS.client, type: 'error' }, payload));
      return error?.text ?? error?.condition ?? 'It was refused.';
    }
    default:
      return 'It went away before it was read to the end.';
  }
}

/** @see docs/battery-powered.md §5.3 */
function outcomeError(state: CommandState, application: Element): StanzaError {
  switch (state) {
    case 'expired':
      return new StanzaError('recipient-unavailable', 'it did not wake before the command expired', { application });
    case 'superseded':
      return new StanzaError('conflict', 'a later command has taken its place', { application });
    case 'cancelled':
      return new StanzaError('conflict', 'the command was cancelled', { application });
    default:
      return new StanzaError('remote-server-timeout', 'it is not known whether the Thing has carried it out', {
        application,
      });
  }
}
