import { type Element, xml } from '@thingward/xml';
import { badFormat, EXI_COMPRESSION, expectElement, requiredText } from './values.ts';

/** What stands for the start tag of a stream, which EXI can not leave open. @see XEP-0322 §2.3.1 */
export interface ExiStreamStart {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly id?: string | undefined;
  /** Two numbers with a point between them. */
  readonly version?: string | undefined;
  readonly lang?: string | undefined;
  /** Namespaces by the prefixes they have in all that follows; '' is the default one. */
  readonly namespaces: ReadonlyMap<string, string>;
}

export function encodeExiStreamStart({ from, to, id, version, lang, namespaces }: ExiStreamStart): Element {
  return xml(
    'streamStart',
    { xmlns: EXI_COMPRESSION, from, to, id, version, 'xml:lang': lang },
    [...namespaces].map(([prefix, namespace]) => xml('xmlns', { prefix, namespace })),
  );
}

/** @throws StreamError `bad-format` */
export function decodeExiStreamStart(element: Element): ExiStreamStart {
  expectElement(element, 'streamStart');
  const namespaces = new Map<string, string>();
  for (const child of element.childrenNamed('xmlns')) {
    const prefix = requiredText(child, 'prefix');
    if (namespaces.has(prefix)) throw badFormat(element, `the prefix "${prefix}" is there twice`);
    namespaces.set(prefix, requiredText(child, 'namespace'));
  }
  return {
    from: element.attribute('from'),
    to: element.attribute('to'),
    id: element.attribute('id'),
    version: versionOf(element),
    lang: element.attribute('xml:lang'),
    namespaces,
  };
}

/** Where the schema has a decimal, as the one in XEP-0322 does, 1.0 comes as 1 out of EXI. */
function versionOf(element: Element): string | undefined {
  const version = element.attribute('version');
  if (version === undefined || /^\d{1,9}\.\d{1,9}$/.test(version)) return version;
  if (/^\d{1,9}$/.test(version)) return `${version}.0`;
  throw badFormat(element, `version is "${version}", expected something like 1.0`);
}

/** What stands for the end tag of a stream. @see XEP-0322 §2.3.2 */
export function exiStreamEnd(): Element {
  return xml('streamEnd', { xmlns: EXI_COMPRESSION });
}

export function isExiStreamEnd(element: Element): boolean {
  return element.is('streamEnd', EXI_COMPRESSION);
}
