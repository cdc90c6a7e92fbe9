import type {
  AccessQuestionToOwner,
  AccessRule,
  ControlForm,
  EventLogQuery,
  Field,
  FieldType,
  HistoryAnswer,
  HistoryQuery,
  MetaTag,
  NodeReference,
  OwnerAnswer,
  ParameterValue,
  RuleEdit,
  SearchOperator,
  SearchResult,
  StoredEvent,
  ThingReference,
} from '@thingward/things';
import type { ClientState, Contact, Jid, Unsubscribe } from '@thingward/xmpp';
import type { NetworkConnection } from './network/network-connection.ts';

export interface Credentials {
  readonly jid: Jid;
  readonly password: string;
}

/** Makes the connection of an account; it does nothing until it is started. */
export type Connect = (credentials: Credentials) => Connection;

export interface ReadWish {
  readonly types: readonly FieldType[];
  readonly signal: AbortSignal;
}

export interface ControlTarget {
  /** Full JID. */
  readonly thing: Jid;
  /** Undefined: the Thing that the JID itself is. */
  readonly node: NodeReference | undefined;
}

/** All that the console needs of the network. Errors are those of `@thingward/xmpp` and `@thingward/things`. */
export interface Connection {
  /** The account; with its resource while online. */
  readonly jid: Jid;
  readonly state: ClientState;
  start(): void;
  /** Waits for the first time online; rejects with what the first attempt failed with. */
  ready(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  onState(handler: (state: ClientState, error?: Error) => void): Unsubscribe;

  /** By bare JID. */
  readonly contacts: ReadonlyMap<string, Contact>;
  readonly contactsAreLoaded: boolean;
  onContacts(handler: () => void): Unsubscribe;
  /** The best available resource of a contact; undefined when none is available to us. */
  fullJidOf(contact: Jid): Jid | undefined;
  /** Asks for a contact's presence. @throws PeerError when not connected */
  befriend(contact: Jid): void;
  /** Gives a contact a name of our own. */
  rename(contact: Jid, name: string): Promise<void>;
  /** Takes a contact out of the roster. */
  forget(contact: Jid): Promise<void>;
  /** Called for each request for our presence. */
  onFriendRequest(handler: (from: Jid) => void): Unsubscribe;
  answerFriendRequest(from: Jid, accept: boolean): void;

  /** Namespaces of the protocols that somebody speaks. */
  features(of: Jid): Promise<readonly string[]>;
  /** Names of the interfaces that a Thing has. */
  interfaces(target: ControlTarget, signal: AbortSignal): Promise<readonly string[]>;
  read(thing: Jid, wish: ReadWish): AsyncIterable<readonly Field[]>;
  controlForm(target: ControlTarget, signal: AbortSignal): Promise<ControlForm>;
  setParameters(target: ControlTarget, values: ReadonlyMap<string, ParameterValue>): Promise<void>;

  history(query: HistoryQuery, signal: AbortSignal): Promise<HistoryAnswer>;
  claim(tags: readonly MetaTag[], isPublic: boolean): Promise<ThingReference>;
  search(operators: readonly SearchOperator[], offset: number): Promise<SearchResult>;

  /** Logged events, in the order in which they came. */
  events(query: EventLogQuery): Promise<readonly StoredEvent[]>;

  /** Who waits for our decision. */
  accessQuestions(): Promise<readonly AccessQuestionToOwner[]>;
  /** What we have decided. */
  accessRules(): Promise<readonly AccessRule[]>;
  answerAccess(answer: OwnerAnswer): Promise<AccessRule>;
  editAccess(edit: RuleEdit): Promise<AccessRule>;
  withdrawAccess(rule: number): Promise<void>;
  dismissAccess(question: number): Promise<void>;
  /** Called when we are told that somebody waits for our decision. */
  onAccessQuestion(handler: () => void): Unsubscribe;

  /** What the MCAP is asked with; its code is loaded when it is first wanted. */
  network(): Promise<NetworkConnection>;
}
