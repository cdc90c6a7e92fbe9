import { Element } from '@thingward/xml';
import { fieldKey } from './guard.ts';
import { attributeOf } from './named-nodes.ts';
import type { ResourceReference } from './operation.ts';

const FIELDS = new Set(['fields', 'resp', 'started', 'done']);
const NODES = new Set(['node', 'nd']);
const TIMESTAMPS = new Set(['timestamp', 'ts']);

/** A field that an answer shows. */
export interface ShownField {
  readonly resource: ResourceReference;
  readonly name: string;
}

/** Is it a payload that shows fields? */
export function showsFields({ name, namespace }: { readonly name: string; readonly namespace: string }): boolean {
  return FIELDS.has(name) && (namespace === 'urn:xmpp:iot:sensordata' || /^urn:(nf|ieee):iot:sd:1\.0$/.test(namespace));
}

/** The fields in a stanza's payloads. @param jid bare JID of the Thing */
export function shownFields(stanza: Element, jid: string): readonly ShownField[] {
  const found: ShownField[] = [];
  mapFields(stanza, jid, (field) => {
    found.push(field);
    return true;
  });
  return found;
}

/** The stanza without the fields that are hidden, as `fieldKey` names them. */
export function redacted(stanza: Element, jid: string, hidden: ReadonlySet<string>): Element {
  return mapFields(stanza, jid, ({ resource, name }) => !hidden.has(fieldKey(resource, name)));
}

function mapFields(stanza: Element, jid: string, keep: (field: ShownField) => boolean): Element {
  return withChildren(stanza, (payload) => {
    if (!showsFields(payload)) return payload;
    const own = { kind: 'thing', jid } as const;
    return withChildren(payload, (child) => {
      if (!NODES.has(child.name)) return ofTimestamp(child, own, keep);
      const node = attributeOf(child, child.name === 'nd' ? ['id'] : ['nodeId']);
      const resource = { ...own, ...(node ? { node } : {}) };
      return withChildren(child, (timestamp) => ofTimestamp(timestamp, resource, keep));
    });
  });
}

/** What is left of one; none where all its fields are taken out. */
function ofTimestamp(
  element: Element,
  resource: ResourceReference,
  keep: (field: ShownField) => boolean,
): Element | undefined {
  if (!TIMESTAMPS.has(element.name)) return element;
  const left = withChildren(element, (field) => {
    const name = attributeOf(field, ['name', 'n']);
    return name === undefined || keep({ resource, name }) ? field : undefined;
  });
  return left.elements.length === 0 && element.elements.length > 0 ? undefined : left;
}

function withChildren(element: Element, change: (child: Element) => Element | undefined): Element {
  const children: (Element | string)[] = [];
  let isSame = true;
  for (const child of element.children) {
    const left = typeof child === 'string' ? child : change(child);
    if (left !== child) isSame = false;
    if (left !== undefined) children.push(left);
  }
  return isSame ? element : new Element(element.name, element.namespace, element.attributes, children);
}
