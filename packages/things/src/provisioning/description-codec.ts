import { type Element, xml } from '@thingward/xml';
import { Jid } from '@thingward/xmpp';
import { decodeRequestedTypes, encodeRequestedTypes } from '../sensor-data/codec.ts';
import type { FieldType } from '../sensor-data/field.ts';
import type { NodeReference } from '../thing/node.ts';
import { decodeNode, expectElement, outgoingNode, outgoingText, requiredAttribute, valid } from '../thing/payload.ts';
import { memberOf, PROVISIONING_OWNER } from './rule-codec.ts';

const ITEM_KINDS = ['field', 'parameter'] as const;
export type ItemKind = (typeof ITEM_KINDS)[number];

/** A field or parameter of a Thing. */
export interface DescribedItem {
  readonly kind: ItemKind;
  readonly name: string;
  /** Of a field, as far as they are known. */
  readonly types: readonly FieldType[];
}

/** What a Thing says of itself to its provisioning server: whom it belongs to, and what its owner can choose from. */
export interface ThingDescription {
  readonly node?: NodeReference | undefined;
  /** Bare JID; undefined: nobody. */
  readonly owner?: Jid | undefined;
  readonly items: readonly DescribedItem[];
}

/** @throws PayloadError for what can't be written */
export function encodeDescriptions(things: readonly ThingDescription[]): Element {
  return xml(
    'describe',
    { xmlns: PROVISIONING_OWNER },
    things.map(({ node, owner, items }) =>
      xml(
        'thing',
        { ...(node ? outgoingNode(node, 'describe/thing') : {}), owner: owner?.bare.toString() },
        items.map(({ kind, name, types }) =>
          xml('item', { kind, name: outgoingText(name, 'describe/thing/item/@name'), ...encodeRequestedTypes(types) }),
        ),
      ),
    ),
  );
}

/** @throws PayloadError */
export function decodeDescriptions(element: Element): readonly ThingDescription[] {
  expectElement(element, 'describe', PROVISIONING_OWNER);
  return element.childrenNamed('thing').map((thing, i) => {
    const path = `describe/thing[${i + 1}]`;
    const owner = thing.attribute('owner');
    return {
      node: decodeNode(thing, path),
      owner: owner === undefined ? undefined : valid(Jid.tryParse(owner)?.bare, `${path}/@owner`, 'a JID', owner),
      items: thing.childrenNamed('item').map((item, j) => ({
        kind: memberOf(ITEM_KINDS, item, 'kind', `${path}/item[${j + 1}]`),
        name: requiredAttribute(item, 'name', `${path}/item[${j + 1}]`),
        types: decodeRequestedTypes(item),
      })),
    };
  });
}
