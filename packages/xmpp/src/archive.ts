import { type Element, xml } from '@thingward/xml';
import {
  DATA_FORM_NAMESPACE,
  type DataForm,
  DataFormError,
  decodeDataForm,
  encodeDataForm,
  type FormField,
} from './data-form.ts';
import { parseDateTime } from './date-time.ts';
import { decodeForwarded, encodeForwarded, FORWARDING, isFromAccount } from './forwarding.ts';
import { Jid } from './jid.ts';
import {
  decodeResultSetPage,
  encodeResultSetPage,
  encodeResultSetRequest,
  findResultSetRequest,
  RESULT_SET,
  type ResultSetPage,
  type ResultSetRequest,
} from './result-set.ts';
import { StanzaError } from './stanza-error.ts';

export const ARCHIVE = 'urn:xmpp:mam:2';
/** Feature: `before-id`, `after-id`, `ids`, flipped pages and metadata. @see XEP-0313 §7 */
export const ARCHIVE_EXTENDED = 'urn:xmpp:mam:2#extended';
/** Feature: the field `include-groupchat` is understood. */
export const ARCHIVE_GROUPCHAT_FIELD = 'urn:xmpp:mam:2#groupchat-field';

/** What a message must be to be among the results; nothing said: all are. @see XEP-0313 §4.1 */
export interface ArchiveFilter {
  /** To or from this address; from any of its resources when it is bare. */
  readonly with?: Jid | undefined;
  /** Not before this moment. */
  readonly start?: Date | undefined;
  /** Not after this moment. */
  readonly end?: Date | undefined;
  /** Before the message of this UID. */
  readonly beforeId?: string | undefined;
  /** After the message of this UID. */
  readonly afterId?: string | undefined;
  /** One of these UIDs. */
  readonly ids?: readonly string[] | undefined;
  readonly includeGroupchat?: boolean | undefined;
}

/** @see XEP-0313 §4 */
export interface ArchiveQuery {
  /** Comes back with each result. */
  readonly queryId?: string | undefined;
  /** Of a publish-subscribe archive. @see XEP-0442 */
  readonly node?: string | undefined;
  readonly filter: ArchiveFilter;
  readonly page?: ResultSetRequest | undefined;
  /** Newest first within the page. */
  readonly flipPage?: boolean | undefined;
}

/** One message out of an archive. @see XEP-0313 §4.2 */
export interface ArchiveResult {
  readonly queryId?: string | undefined;
  readonly id: string;
  /** When it was sent or received. */
  readonly stamp: Date;
  readonly message: Element;
}

/** The end of the results. @see XEP-0313 §4.3 */
export interface ArchiveFin {
  /** Is there nothing beyond this page? */
  readonly isComplete: boolean;
  /** False when the same query may give something else later. */
  readonly isStable?: boolean | undefined;
  readonly page: ResultSetPage;
}

export interface ArchiveEnd {
  readonly id: string;
  readonly timestamp: Date;
}

/** The oldest and the newest message; undefined when the archive is empty. @see XEP-0313 §5 */
export type ArchiveMetadata = { readonly start: ArchiveEnd; readonly end: ArchiveEnd } | undefined;

/** The fields of a query's form. @see XEP-0313 §4.1.5 */
const QUERY_FIELDS: readonly FormField[] = [
  { var: 'with', type: 'jid-single' },
  { var: 'start', type: 'text-single' },
  { var: 'end', type: 'text-single' },
  { var: 'before-id', type: 'text-single' },
  { var: 'after-id', type: 'text-single' },
  { var: 'ids', type: 'list-multi', validation: { datatype: 'xs:string', method: { kind: 'open' } } },
  { var: 'include-groupchat', type: 'boolean' },
];
const FORM_TYPE: FormField = { var: 'FORM_TYPE', type: 'hidden', values: [ARCHIVE] };

/** The form that tells which fields a query may have. @see XEP-0313 §4.1.5 */
export function encodeArchiveForm(): Element {
  return xml('query', { xmlns: ARCHIVE }, encodeDataForm({ type: 'form', fields: [FORM_TYPE, ...QUERY_FIELDS] }));
}

export function encodeArchiveQuery({ queryId, node, filter, page, flipPage }: ArchiveQuery): Element {
  const { ids, includeGroupchat } = filter;
  const values: Readonly<Record<string, readonly (string | undefined)[]>> = {
    with: [filter.with?.toString()],
    start: [filter.start?.toISOString()],
    end: [filter.end?.toISOString()],
    'before-id': [filter.beforeId],
    'after-id': [filter.afterId],
    ids: ids ?? [],
    'include-groupchat': [includeGroupchat?.toString()],
  };
  const fields = Object.entries(values).flatMap(([name, list]) => {
    const given = list.filter((value) => value !== undefined);
    return given.length > 0 ? [{ var: name, values: given }] : [];
  });
  return xml(
    'query',
    { xmlns: ARCHIVE, queryid: queryId, node },
    fields.length > 0 ? encodeDataForm({ type: 'submit', fields: [FORM_TYPE, ...fields] }) : undefined,
    page && encodeResultSetRequest(page),
    flipPage ? xml('flip-page') : undefined,
  );
}

/** @throws StanzaError `bad-request`; `feature-not-implemented` for a field that is not defined */
export function decodeArchiveQuery(query: Element): ArchiveQuery {
  const form = query.child('x', DATA_FORM_NAMESPACE);
  return {
    queryId: query.attribute('queryid'),
    node: query.attribute('node'),
    filter: form ? decodeFilter(form) : {},
    page: findResultSetRequest(query),
    flipPage: query.child('flip-page') !== undefined,
  };
}

function decodeFilter(element: Element): ArchiveFilter {
  const { type, fields } = readForm(element);
  if (type !== 'submit') throw new StanzaError('bad-request', 'a query’s form is of type "submit"');
  const values = new Map<string, readonly string[]>();
  for (const field of fields) {
    const name = field.var;
    if (name === undefined) continue;
    if (values.has(name)) throw new StanzaError('bad-request', `the field "${name}" is there twice`);
    if (name !== 'FORM_TYPE' && !QUERY_FIELDS.some((known) => known.var === name)) {
      throw new StanzaError('feature-not-implemented', `the field "${name.slice(0, 100)}" is not known here`);
    }
    values.set(name, field.values ?? []);
  }
  if (values.get('FORM_TYPE')?.[0] !== ARCHIVE) {
    throw new StanzaError('bad-request', `the FORM_TYPE of a query is ${ARCHIVE}`);
  }
  const single = <T>(name: string, what: string, read: (text: string) => T | undefined): T | undefined => {
    const list = values.get(name);
    if (list === undefined) return undefined;
    const value = list.length === 1 ? read(list[0] as string) : undefined;
    if (value === undefined) throw new StanzaError('bad-request', `"${name}" is ${what}`);
    return value;
  };
  return {
    with: single('with', 'an address', Jid.tryParse),
    start: single('start', 'a date and time as in XEP-0082', parseDateTime),
    end: single('end', 'a date and time as in XEP-0082', parseDateTime),
    beforeId: single('before-id', 'one UID', (text) => text),
    afterId: single('after-id', 'one UID', (text) => text),
    ids: values.get('ids'),
    includeGroupchat: single('include-groupchat', 'true or false', asBoolean),
  };
}

function readForm(element: Element): DataForm {
  try {
    return decodeDataForm(element);
  } catch (error) {
    if (error instanceof DataFormError) throw new StanzaError('bad-request', error.message);
    throw error;
  }
}

function asBoolean(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : undefined;
}

export function encodeArchiveResult({ queryId, id, stamp, message }: ArchiveResult): Element {
  return xml(
    'result',
    { xmlns: ARCHIVE, queryid: queryId, id },
    encodeForwarded({ stanza: message, delay: { stamp } }),
  );
}

/**
 * The result in a message; undefined when it is none, or when it does not come from the archive that was asked.
 * @param archive that was asked: an account
 * @throws StanzaError `bad-request`
 * @see XEP-0313 §8.2
 */
export function decodeArchiveResult(message: Element, archive: Jid): ArchiveResult | undefined {
  const result = message.child('result', ARCHIVE);
  if (!result || !isFromAccount(message, archive)) return undefined;
  const id = result.attribute('id');
  const forwarded = result.child('forwarded', FORWARDING);
  const { stanza, delay } = forwarded ? decodeForwarded(forwarded) : {};
  if (id === undefined || !stanza || !delay)
    throw new StanzaError('bad-request', 'the result of an archive lacks a part');
  return { queryId: result.attribute('queryid'), id, stamp: delay.stamp, message: stanza };
}

export function encodeArchiveFin({ isComplete, isStable, page }: ArchiveFin): Element {
  const attributes = { complete: isComplete || undefined, stable: isStable };
  return xml('fin', { xmlns: ARCHIVE, ...attributes }, encodeResultSetPage(page));
}

/** @throws StanzaError `bad-request` */
export function decodeArchiveFin(fin: Element): ArchiveFin {
  const set = fin.child('set', RESULT_SET);
  if (!set) throw new StanzaError('bad-request', 'the end of results says which they were');
  return {
    isComplete: asBoolean(fin.attribute('complete') ?? 'false') ?? false,
    isStable: asBoolean(fin.attribute('stable') ?? 'true') ?? true,
    page: decodeResultSetPage(set),
  };
}

export function encodeArchiveMetadata(metadata: ArchiveMetadata): Element {
  const end = (name: 'start' | 'end', { id, timestamp }: ArchiveEnd) =>
    xml(name, { id, timestamp: timestamp.toISOString() });
  return xml('metadata', { xmlns: ARCHIVE }, metadata && [end('start', metadata.start), end('end', metadata.end)]);
}

/** @throws StanzaError `bad-request` */
export function decodeArchiveMetadata(element: Element): ArchiveMetadata {
  const [start, end] = [element.child('start'), element.child('end')];
  return start || end ? { start: decodeEnd(start), end: decodeEnd(end) } : undefined;
}

function decodeEnd(element: Element | undefined): ArchiveEnd {
  const id = element?.attribute('id');
  const timestamp = parseDateTime(element?.attribute('timestamp'));
  if (id === undefined || !timestamp) throw new StanzaError('bad-request', 'an end of an archive has an id and a time');
  return { id, timestamp };
}
