import {
  DEFAULT_SCHEMA_LIMITS,
  ExiDecoder,
  ExiEncoder,
  ExiError,
  type ExiEvent,
  type ExiLimits,
  type SchemaLimits,
  XmlWriter,
  xmlEvents,
} from '@thingward/exi';
import { decodeUtf8, encodeUtf8, NamespaceScope } from '@thingward/xml';
import { md5 } from './md5.ts';
import { isSchemaForSchemas, schemaForSchemas } from './schema-for-schemas.ts';
import { identifySchema, type SchemaFile } from './schema-identity.ts';
import { type SchemaUpload, UPLOAD_OPTIONS } from './upload-schema.ts';

/** Prefixes declared on one way from the root: more than any schema has, fewer than take long to search. */
const MAX_PREFIXES = 256;

/**
 * A schema as it is sent: with white space that means nothing, comments and processing instructions dropped where it is coded in EXI.
 * @param contents the schema document, in UTF-8
 * @throws XmlError; ExiError `not-encodable`
 * @see XEP-0322 §2.2.4
 */
export function encodeUploadedSchema(contents: Uint8Array, contentType: SchemaUpload['contentType']): SchemaUpload {
  if (contentType === 'Text') return { contentType, contents };
  const encoder = new ExiEncoder({
    grammars: schemaForSchemas(),
    options: UPLOAD_OPTIONS,
    // The options are known to both sides.
    header: contentType === 'ExiDocument' ? {} : false,
    whiteSpace: 'drop-insignificant',
  });
  const coded = encoder.encode(xmlEvents(decodeUtf8(contents, 0, contents.length)));
  return { contentType, contents: coded, bytes: contents.length, md5Hash: md5(contents) };
}

/**
 * The schema document in an upload, for a compiler of schemas: where it was coded in EXI not the bytes it was made of, but one that says
 * the same. Whether it is a schema is for the compiler to find out.
 *
 * A header may tell other options than the fixed ones, as long as prefixes are preserved: names in values mean nothing without them.
 * @param limits of schemas: `maxBytes` for the document, `maxNesting` for its elements
 * @throws ExiError `limit`; `unsupported` for a header that does not preserve prefixes or tells another schema; and what else can be
 * wrong with EXI
 * @see XEP-0322 §2.2.4
 */
export function decodeUploadedSchema(upload: SchemaUpload, limits?: Partial<SchemaLimits>): Uint8Array {
  if (upload.contentType === 'Text') return upload.contents;
  const { maxBytes, maxNesting } = { ...DEFAULT_SCHEMA_LIMITS, ...limits };
  const decoder = new ExiDecoder({
    grammars: schemaForSchemas(),
    options: UPLOAD_OPTIONS,
    headerBefore: upload.contentType === 'ExiDocument' ? 'first' : 'none',
    resolveSchema: (schemaId) => (isSchemaForSchemas(schemaId) ? schemaForSchemas() : undefined),
    limits: exiLimits(maxBytes, maxNesting),
  });
  decoder.push(upload.contents);
  decoder.end();
  return encodeUtf8(new UploadWriter(decoder, maxBytes).text());
}

/** Writes what a decoder reads as XML, as long as every prefix is declared where it is used. */
class UploadWriter {
  readonly #decoder: ExiDecoder;
  readonly #maxBytes: number;
  readonly #writer = new XmlWriter();
  readonly #scope = new NamespaceScope();
  /** Of each open element, what was declared around it. */
  readonly #marks: number[] = [];
  /** An element whose prefix may be declared by what follows. */
  #started: Extract<ExiEvent, { kind: 'startElement' }> | undefined;
  #text = '';
  /** Characters of the start tag that is being read, at least. */
  #startTag = 0;

  constructor(decoder: ExiDecoder, maxBytes: number) {
    this.#decoder = decoder;
    this.#maxBytes = maxBytes;
  }

  text(): string {
    const decoder = this.#decoder;
    for (let event = decoder.next(); event; event = decoder.next()) {
      if (event.kind === 'startDocument' && !decoder.options?.preserve.prefixes) {
        throw this.#error('unsupported', 'an uploaded schema has to preserve prefixes');
      }
      if (event.kind === 'endDocument') {
        if (decoder.pendingBytes > 0) throw this.#error('malformed', 'something follows the schema');
        return this.#text;
      }
      this.#write(event);
    }
    throw this.#error('incomplete', 'the upload holds no document');
  }

  #write(event: ExiEvent): void {
    // They mean nothing in a schema.
    if (event.kind === 'comment' || event.kind === 'processingInstruction') return;
    this.#checkPrefixes(event);
    const written = this.#writer.write(event);
    this.#text += written;
    this.#startTag = (written === '' ? this.#startTag : 0) + lengthInTag(event);
    // What is in the string table takes a few bits to write again, however long it is.
    if (this.#text.length + this.#startTag > this.#maxBytes) {
      throw this.#error('limit', `as XML the schema has more than ${this.#maxBytes} bytes`);
    }
  }

  #checkPrefixes(event: ExiEvent): void {
    const started = this.#started;
    if (event.kind === 'namespace') {
      this.#scope.declare(event.prefix, event.namespace);
      if (this.#scope.mark > MAX_PREFIXES)
        throw this.#error('limit', `more than ${MAX_PREFIXES} prefixes are declared`);
      if (event.isElementPrefix && started) this.#started = { ...started, prefix: event.prefix };
      return;
    }
    if (started) this.#checkPrefix(started);
    this.#started = undefined;
    if (event.kind === 'startElement') {
      this.#marks.push(this.#scope.mark);
      this.#started = event;
    } else if (event.kind === 'endElement') {
      this.#scope.release(this.#marks.pop() ?? 0);
    } else if (event.kind === 'attribute' && event.namespace !== '') {
      this.#checkPrefix(event);
    }
  }

  #checkPrefix({
    namespace,
    name,
    prefix = '',
  }: {
    namespace: string;
    name: string;
    prefix?: string | undefined;
  }): void {
    if (this.#scope.lookup(prefix) === namespace) return;
    throw this.#error('malformed', `the prefix "${prefix}" of ${name} is not declared as ${namespace}`);
  }

  #error(code: ExiError['code'], message: string): ExiError {
    return new ExiError(code, message, this.#decoder.readBytes * 8);
  }
}

/** Characters that an event adds to a start tag that is written later, at least. */
function lengthInTag(event: ExiEvent): number {
  switch (event.kind) {
    case 'startElement':
      return event.name.length;
    case 'attribute':
      return event.name.length + event.value.length;
    case 'namespace':
      return event.prefix.length + event.namespace.length;
    default:
      return 0;
  }
}

/** What decoding one document may take: not more than it would as XML. */
function exiLimits(maxBytes: number, maxDepth: number): Partial<ExiLimits> {
  return {
    maxDepth,
    maxValueLength: maxBytes,
    maxListItems: maxBytes,
    maxEvents: maxBytes,
    maxCharacters: maxBytes,
    maxInflatedBytes: maxBytes,
    maxBufferedBytes: maxBytes,
  };
}

/**
 * An uploaded schema with what it is known by. Of one that was coded in EXI that is what its sender says, since nobody else can tell:
 * it should be believed by that sender's streams alone.
 * @param location a name for it
 * @throws SchemaError when it is no schema document; ExiError
 */
export function identifyUpload(location: string, upload: SchemaUpload, limits?: Partial<SchemaLimits>): SchemaFile {
  const file = identifySchema(location, decodeUploadedSchema(upload, limits), limits);
  return upload.contentType === 'Text' ? file : { ...file, bytes: upload.bytes, md5Hash: upload.md5Hash };
}
