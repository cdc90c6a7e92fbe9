import type { DocumentContent } from '@thingward/things';
import type { ThingColumns } from '../node-columns.ts';
import type { ReadersTable } from '../reader-list.ts';

/** What is kept about Things. */
export interface BrokerDocumentsTable extends ThingColumns {
  kind: string;
  name: string;
  media_type: string;
  form: DocumentContent['form'];
  /** Text and XML as they are, octets in Base64. */
  content: string;
  /** SHA-256, in hexadecimal. */
  digest: string;
  version: number;
  /** Octets of the content. */
  size: number;
  /** ms since 1970 */
  put_at: number | string;
  /** Bare JID. */
  put_by: string;
}

/** Who is told of changes. */
export interface BrokerFollowersTable extends ThingColumns {
  /** Full JID. */
  follower: string;
  /** The bare one of it. */
  account: string;
  /** ms since 1970 */
  until: number | string;
}

/** The tables the broker owns. */
export interface BrokerTables {
  broker_documents: BrokerDocumentsTable;
  broker_followers: BrokerFollowersTable;
  broker_readers: ReadersTable;
}
