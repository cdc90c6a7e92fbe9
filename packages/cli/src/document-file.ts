import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { DocumentContent } from '@thingward/things';
import { parseElement, XmlError } from '@thingward/xml';
import { parse, YAMLParseError } from 'yaml';
import { CommandError } from './errors.ts';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.txt': 'text/plain',
  '.xml': 'application/xml',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
};
const TEXT = /^(?:text\/|application\/(?:json|yaml)(?:;|$))/;
const XML = /^(?:application|text)\/xml(?:;|$)|\+xml(?:;|$)/;

export interface FileDocument {
  readonly mediaType: string;
  readonly content: DocumentContent;
}

/** Kinds that are kept as CSV or JSON. */
const LISTS: ReadonlySet<string> = new Set(['register-map', 'point-list']);

/**
 * A file as a document of the broker has it. A list of points in YAML becomes JSON: YAML is for people, not for what comes over a network.
 * @param given media type; by the end of the file's name when not given
 * @throws CommandError
 */
export function readDocument(file: string, kind: string, given: string | undefined): FileDocument {
  const document = readFile(file, given);
  const { mediaType, content } = document;
  if (!LISTS.has(kind) || mediaType !== 'application/yaml' || content.form !== 'text') return document;
  try {
    return {
      mediaType: 'application/json',
      content: { form: 'text', text: JSON.stringify(parse(content.text), null, 2) },
    };
  } catch (error) {
    if (error instanceof YAMLParseError) throw new CommandError(`${file}: ${error.message}`);
    throw error;
  }
}

function readFile(file: string, given: string | undefined): FileDocument {
  const mediaType = given ?? MEDIA_TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream';
  let octets: Uint8Array;
  try {
    octets = readFileSync(file);
  } catch (error) {
    throw new CommandError(`${file}: ${(error as Error).message}`);
  }
  if (XML.test(mediaType)) return { mediaType, content: { form: 'xml', element: parseXml(file, octets) } };
  if (!TEXT.test(mediaType)) return { mediaType, content: { form: 'octets', octets: new Uint8Array(octets) } };
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
    return { mediaType, content: { form: 'text', text } };
  } catch {
    throw new CommandError(`${file}: is not in UTF-8`);
  }
}

function parseXml(file: string, octets: Uint8Array) {
  try {
    // The declaration belongs to the file, not to the element.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(octets).replace(/^\s*<\?xml[^>]*\?>/, '');
    return parseElement(text.trim());
  } catch (error) {
    if (error instanceof XmlError || error instanceof TypeError) throw new CommandError(`${file}: ${error.message}`);
    throw error;
  }
}
