import { type Element, xml } from '@thingward/xml';

export const SOFTWARE_VERSION = 'jabber:iq:version';

/** @see XEP-0092 */
export interface SoftwareVersion {
  readonly name: string;
  readonly version: string;
  readonly os?: string | undefined;
}

export function encodeSoftwareVersion({ name, version, os }: SoftwareVersion): Element {
  return xml(
    'query',
    { xmlns: SOFTWARE_VERSION },
    xml('name', {}, name),
    xml('version', {}, version),
    os === undefined ? undefined : xml('os', {}, os),
  );
}

export function decodeSoftwareVersion(element: Element): SoftwareVersion {
  return {
    name: element.child('name')?.text ?? '',
    version: element.child('version')?.text ?? '',
    os: element.child('os')?.text,
  };
}
