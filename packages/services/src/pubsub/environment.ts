import type { Element } from '@thingward/xml';
import type { Jid } from '@thingward/xmpp';
import type { ShowValue } from './subscription-options.ts';

export type MaybePromise<T> = T | Promise<T>;

/** What the roster of an owner says of somebody. */
export interface Contact {
  /** May see the owner's presence. */
  readonly isSubscribedToPresence: boolean;
  /** Groups the owner has put the contact into. */
  readonly rosterGroups: readonly string[];
}

export const STRANGER: Contact = { isSubscribedToPresence: false, rosterGroups: [] };

/** Somebody who has let it be known, by its capabilities, that it wants the events of a node. @see XEP-0060 §9.2 */
export interface InterestedContact {
  /** Full JID. */
  readonly jid: Jid;
  readonly contact: Contact;
}

/** What the engine can't know of itself. What is left out is not known where the nodes are kept. */
export interface PubSubEnvironment {
  /** What the roster of `owner` says of `jid`. Without it there are no access models `presence` and `roster`. */
  readonly contact?: (owner: Jid, jid: Jid) => MaybePromise<Contact>;
  /** Who is online. Without it nothing depends on that. */
  readonly presence?: {
    /** The states of the resources of `jid` that are available: none when it is offline. */
    readonly showsOf: (jid: Jid) => readonly ShowValue[];
    /** From now on the presence of `jid` matters: see to it that it becomes known. */
    readonly watch: (jid: Jid) => void;
  };
  /** Who is notified of a node without a subscription of its own. @see XEP-0060 §9.1, XEP-0163 §4 */
  readonly interested?: (host: Jid, node: string) => MaybePromise<readonly InterestedContact[]>;
  /** What somebody may see of what was published. Without it everybody who may see a node sees all of it. */
  readonly view?: PublicationView | undefined;
  /** Sends a message, given without `to`, to each of the recipients. */
  readonly deliver: (notification: Notification) => void;
}

/** Takes out of items what some may not see. */
export interface PublicationView {
  /** Is there anybody who may not see all of what this bare JID publishes? Asked for each publication: where not, there is one message for all. */
  readonly hidesSomething: (publisher: string) => boolean;
  /** A payload as somebody may see it: the very one where that is all of it. */
  readonly shown: (payload: Element, publisher: string, jid: Jid) => MaybePromise<Element>;
}

/** The same message for many. */
export interface Notification {
  /** Who it comes from. */
  readonly host: Jid;
  /** With all but `to`. */
  readonly message: Element;
  readonly recipients: Iterable<Jid>;
}
