/** Bounds of what the MCAP takes, keeps and gives. */
export interface McapLimits {
  /** NCAPs that one bare JID speaks for. */
  readonly ncapsPerJid: number;
  /** TIMs, channels and other Things of one NCAP together. */
  readonly resourcesPerNcap: number;
  /** Characters of a name, and of each part of a node. */
  readonly nameCharacters: number;
  /** Who may read one Thing, and all Things of one NCAP together. */
  readonly readersPerThing: number;
  readonly readersPerNcap: number;
  /** How long an NCAP that has left is remembered, in ms. */
  readonly rememberMs: number;
  /** NCAPs in one answer, and bytes of one. */
  readonly ncapsPerAnswer: number;
  readonly answerBytes: number;
  /** Samples of one write. */
  readonly samplesPerWrite: number;
  /** How long an NCAP has to answer, in ms. */
  readonly answerMs: number;
  /** Requests of one bare JID that NCAPs have not answered yet. */
  readonly waitingPerJid: number;
  /** Followers altogether, and full JIDs of one bare one. */
  readonly followers: number;
  readonly followersPerJid: number;
  /** Streams altogether, and of one bare JID. */
  readonly streams: number;
  readonly streamsPerJid: number;
  /** Shortest interval of a stream; shorter ones are made as long. In ms. */
  readonly streamIntervalMs: number;
  /** When a stream ends by itself, in ms. */
  readonly streamMs: number;
}

export const DEFAULT_MCAP_LIMITS: McapLimits = {
  ncapsPerJid: 100,
  resourcesPerNcap: 2000,
  nameCharacters: 256,
  readersPerThing: 100,
  readersPerNcap: 20_000,
  rememberMs: 30 * 86_400_000,
  ncapsPerAnswer: 50,
  answerBytes: 200_000,
  samplesPerWrite: 1000,
  answerMs: 15_000,
  waitingPerJid: 32,
  followers: 10_000,
  followersPerJid: 10,
  streams: 5000,
  streamsPerJid: 50,
  streamIntervalMs: 200,
  streamMs: 3_600_000,
};
