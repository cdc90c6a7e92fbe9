import { type DocumentContent, type DocumentReference, nodeKey } from '@thingward/things';
import { decodeBase64, encodeBase64 } from '@thingward/xmpp';
import type { StateDatabase } from './state-database.ts';

/** What is kept of a document of the broker: enough to do without the broker. */
export interface KeptDocument {
  readonly mediaType: string;
  readonly digest: string;
  readonly version: number;
  readonly content: Exclude<DocumentContent, { readonly form: 'xml' }>;
}

/** Keeps the last good copies of documents of the broker that the Things of one account work by. */
export class StoredDocuments {
  readonly #database: StateDatabase;
  readonly #account: string;

  constructor(database: StateDatabase, account: string) {
    this.#database = database;
    this.#account = account;
  }

  load(reference: DocumentReference): KeptDocument | undefined {
    const row = this.#database
      .prepare(
        'SELECT media_type, digest, version, form, content FROM broker_document WHERE account = ? AND reference = ?',
      )
      .get(this.#account, keyOf(reference)) as
      | { media_type: string; digest: string; version: number; form: string; content: string }
      | undefined;
    if (!row) return undefined;
    const { media_type: mediaType, digest, version, form, content } = row;
    return {
      mediaType,
      digest,
      version,
      content:
        form === 'text'
          ? { form: 'text', text: content }
          : { form: 'octets', octets: decodeBase64(content) ?? new Uint8Array(0) },
    };
  }

  keep(reference: DocumentReference, { mediaType, digest, version, content }: KeptDocument): void {
    this.#database
      .prepare(
        `INSERT INTO broker_document (account, reference, media_type, digest, version, form, content)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET media_type = excluded.media_type, digest = excluded.digest, version = excluded.version,
           form = excluded.form, content = excluded.content`,
      )
      .run(
        this.#account,
        keyOf(reference),
        mediaType,
        digest,
        version,
        content.form,
        content.form === 'text' ? content.text : encodeBase64(content.octets),
      );
  }
}

function keyOf({ thing, node, kind, name }: DocumentReference): string {
  return JSON.stringify([thing.bare.toString(), nodeKey(node), kind, name]);
}
