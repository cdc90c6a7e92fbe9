import type { Element } from '@thingward/xml';
import type { Jid, StanzaError } from '@thingward/xmpp';
import type { Session } from './session.ts';
import type { Stanza } from './stanza.ts';

/** Answers an IQ request with the payload of its result; throws a StanzaError otherwise. */
export type ServerIqHandler = (stanza: Stanza) => Element | undefined | Promise<Element | undefined>;

/** Takes presence stanzas, and hears of sessions that end. */
export interface PresenceHandler {
  /** From a client of ours. */
  fromClient(stanza: Stanza, session: Session): Promise<void>;
  /** To an account of ours, from anywhere. */
  toAccount(stanza: Stanza): Promise<void>;
  sessionEnded(session: Session): Promise<void>;
}

/** Whatever takes the stanzas of a domain of its own. */
export interface StanzaReceiver {
  readonly jid: Jid;
  /** For disco. */
  readonly title: string;
  /** Is it in this process? */
  readonly isHosted?: boolean;
  receive(stanza: Stanza): void;
}

/** Looks into stanzas on their way. */
export interface StanzaInspector {
  /** Asked about every stanza: is it to be looked into? */
  wants(stanza: Stanza): boolean;
  /** Says what is to be delivered in its place, why it is not delivered, or nothing: then it goes on as it is. */
  check(stanza: Stanza): Stanza | StanzaError | undefined | Promise<Stanza | StanzaError | undefined>;
}

/** The way to domains that are not served here. */
export interface RemoteRoute {
  /** Takes a stanza on its way, or has it refused when there is none. */
  send(stanza: Stanza): void;
}
