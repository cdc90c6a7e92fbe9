import {
  type CarriedPacket,
  DIRECT_OPERATE,
  DNP3_NAMESPACE,
  Dnp3Error,
  DOWNSTREAM_FAIL,
  type Fragment,
  IIN,
  isAnswered,
  NOT_AUTHORIZED,
  OPERATE,
  type Packet,
  packetOf,
  READ,
  RESPONSE,
  SELECT,
  UNCONFIRMED_USER_DATA,
} from '@thingward/dnp3';
import { xml } from '@thingward/xml';
import { PeerError, StanzaError, type StanzaErrorCondition } from '@thingward/xmpp';

/* What can go wrong between a master and an outstation, as a stanza error between the adapters and as what the master is answered. */

/** It was sent to the outstation, and whether it was done is not known. */
const OUTCOME_UNKNOWN = 'outcome-unknown';
/** It came, or would have been sent, after its time. Nothing was sent to the outstation. */
const EXPIRED = 'expired';

/** What the egress says of a request that the outstation did not answer. */
export function failureOf(error: unknown): StanzaError {
  if (error instanceof StanzaError) return error;
  if (!(error instanceof Dnp3Error)) throw error;
  const { code, message } = error;
  switch (code) {
    case 'outcome-unknown':
      return new StanzaError('remote-server-timeout', message, { application: condition(OUTCOME_UNKNOWN) });
    case 'no-answer':
      return new StanzaError('remote-server-timeout', message);
    case 'not-connected':
    case 'closed':
      return new StanzaError('recipient-unavailable', message);
    default:
      return new StanzaError('bad-request', message);
  }
}

/** @param text why it is too late */
export function expired(text = 'its time is over: it was not sent to the outstation'): StanzaError {
  return new StanzaError('remote-server-timeout', text, { application: condition(EXPIRED) });
}

function condition(name: string) {
  return xml(name, { xmlns: DNP3_NAMESPACE });
}

/** `refused`: somebody forbids it; `not-done`: it never reached the outstation; `unknown`: it may have been done. */
export type Failure = 'refused' | 'not-done' | 'unknown';

const REFUSED: ReadonlySet<StanzaErrorCondition> = new Set([
  'forbidden',
  'not-allowed',
  'not-authorized',
  'policy-violation',
  'bad-request',
]);
const UNKNOWN: ReadonlySet<StanzaErrorCondition> = new Set([
  'remote-server-timeout',
  'internal-server-error',
  'undefined-condition',
]);

/** What the ingress makes of an error. */
export function failureFor(error: unknown): Failure {
  if (error instanceof PeerError) return error.code === 'not-connected' ? 'not-done' : 'unknown';
  // What came as an answer makes no sense.
  if (error instanceof Dnp3Error) return 'unknown';
  if (!(error instanceof StanzaError)) throw error;
  if (REFUSED.has(error.condition)) return 'refused';
  const isExpired = error.applications.some(({ name, namespace }) => name === EXPIRED && namespace === DNP3_NAMESPACE);
  return UNKNOWN.has(error.condition) && !isExpired ? 'unknown' : 'not-done';
}

const COMMANDS: ReadonlySet<number> = new Set([SELECT, OPERATE, DIRECT_OPERATE]);

/**
 * What a master is answered in place of its outstation: that it is not allowed, or that a command was not passed on. Otherwise nothing:
 * its own time-out is what it has for outstations that do not answer.
 * @see IEEE 1815-2012 §4.4.3 and Table 11-7 (command statuses), §4.2.2.6 (internal indications)
 */
export function answerInPlace({ destination, source, fragment }: CarriedPacket, failure: Failure): Packet | undefined {
  const { control, function: code, objects, rest } = fragment;
  if (!isAnswered(code) || failure === 'unknown') return undefined;
  const isCommand = COMMANDS.has(code) && !rest && objects.length > 0;
  if (failure === 'not-done' && !isCommand) return undefined;
  const status = failure === 'refused' ? NOT_AUTHORIZED : DOWNSTREAM_FAIL;
  const response: Fragment = {
    control: { first: true, final: true, confirm: false, unsolicited: false, sequence: control.sequence },
    function: RESPONSE,
    indications: isCommand ? 0 : code === READ ? IIN.parameterError : IIN.functionNotSupported,
    objects: isCommand
      ? objects.map((header) => ({ ...header, items: header.items.map((item) => ({ ...item, status })) }))
      : [],
  };
  return packetOf(response, {
    destination: source,
    source: destination,
    control: {
      fromMaster: false,
      primary: true,
      frameCount: false,
      countValidOrBusy: false,
      function: UNCONFIRMED_USER_DATA,
    },
    sequence: 0,
  });
}
