import { type DocumentContent, type DocumentEntry, orderedXml, type StoredDocument } from '@thingward/things';
import { parseElement } from '@thingward/xml';
import { decodeBase64, encodeBase64, Jid } from '@thingward/xmpp';
import type { Selectable } from 'kysely';
import { nodeOfColumns } from '../node-columns.ts';
import type { BrokerDocumentsTable } from './tables.ts';

type Row = Selectable<BrokerDocumentsTable>;

/** Columns of a document without its content. */
export const ENTRY_COLUMNS = [
  'jid',
  'node_id',
  'source_id',
  'cache_type',
  'kind',
  'name',
  'media_type',
  'digest',
  'version',
  'size',
  'put_at',
  'put_by',
] as const;

export function entryOf(row: Pick<Row, (typeof ENTRY_COLUMNS)[number]>): DocumentEntry {
  const node = nodeOfColumns(row);
  return {
    thing: Jid.parse(row.jid),
    ...(node ? { node } : {}),
    kind: row.kind,
    name: row.name,
    mediaType: row.media_type,
    digest: row.digest,
    version: row.version,
    size: row.size,
    at: new Date(Number(row.put_at)),
    by: Jid.parse(row.put_by),
  };
}

export function documentOf(row: Row): StoredDocument {
  return { ...entryOf(row), content: contentOf(row) };
}

function contentOf({ form, content }: Pick<Row, 'form' | 'content'>): DocumentContent {
  if (form === 'text') return { form, text: content };
  if (form === 'xml') return { form, element: parseElement(content) };
  return { form, octets: decodeBase64(content) ?? new Uint8Array(0) };
}

/** What is written of a content. */
export function contentColumns(content: DocumentContent): Pick<Row, 'form' | 'content'> {
  if (content.form === 'text') return { form: 'text', content: content.text };
  if (content.form === 'xml') return { form: 'xml', content: orderedXml(content.element) };
  return { form: 'octets', content: encodeBase64(content.octets) };
}
