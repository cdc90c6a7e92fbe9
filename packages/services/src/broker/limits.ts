/** Bounds of what the broker keeps and gives. */
export interface BrokerLimits {
  /** Octets of one content. */
  readonly contentBytes: number;
  /** Documents about one Thing, and about all the Things behind one bare JID. */
  readonly documentsPerThing: number;
  readonly documentsPerJid: number;
  /** Octets of all contents about the Things behind one bare JID. */
  readonly bytesPerJid: number;
  /** Characters of a kind, of a name, of a media type. */
  readonly kindCharacters: number;
  readonly nameCharacters: number;
  readonly mediaTypeCharacters: number;
  /** Changes that one account may make at once, and in a minute; lists of readers count, too. */
  readonly burst: number;
  readonly perMinute: number;
  /** Accounts whose pace is remembered. */
  readonly senders: number;
  /** Readers of one Thing, and of all the Things behind one bare JID. */
  readonly readersPerThing: number;
  readonly readersPerJid: number;
  /** Addresses that follow one Thing, and those of one account among them. */
  readonly followersPerThing: number;
  readonly followersPerAccount: number;
  /** How long changes are told to who follows, in ms. */
  readonly followMs: number;
  /** Documents in one answer to a list. */
  readonly documentsPerAnswer: number;
  /** Bytes of one answer. */
  readonly answerBytes: number;
}

export const DEFAULT_BROKER_LIMITS: BrokerLimits = {
  contentBytes: 128 * 1024,
  documentsPerThing: 100,
  documentsPerJid: 2000,
  bytesPerJid: 16 * 1024 * 1024,
  kindCharacters: 64,
  nameCharacters: 256,
  mediaTypeCharacters: 128,
  burst: 500,
  perMinute: 120,
  senders: 10_000,
  readersPerThing: 100,
  readersPerJid: 10_000,
  followersPerThing: 200,
  followersPerAccount: 10,
  followMs: 86_400_000,
  documentsPerAnswer: 50,
  answerBytes: 240 * 1024,
};
