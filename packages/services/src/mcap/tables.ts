/** An NCAP and all it has. */
export interface McapNcapsTable {
  /** UUID in small letters. */
  id: string;
  /** Bare JID of who speaks for it. */
  jid: string;
  /** Full JID it was announced from last. */
  address: string;
  /** 1 while it is there. */
  present: number;
  /** Since when that is so, and until when what was announced holds: ms since 1970. */
  since: number | string;
  lease_until: number | string;
  /** `<resources/>` with this NCAP alone. */
  tree: string;
}

/** Who may read a Thing of an NCAP. */
export interface McapReadersTable {
  ncap: string;
  /** '' for what is absent. */
  node_id: string;
  source_id: string;
  cache_type: string;
  /** Bare JID. */
  reader: string;
}

/** The tables the MCAP owns. */
export interface McapTables {
  mcap_ncaps: McapNcapsTable;
  mcap_readers: McapReadersTable;
}
