import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { DocumentContent } from '@thingward/things';
import { parseElement, XmlError } from '@thingward/xml';
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

/** A file as a document of the broker has it. @param given media type; by the end of its name when not given @throws CommandError */
export function readDocument(file: string, given: string | undefined): { mediaType: string; content: DocumentContent } {
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
