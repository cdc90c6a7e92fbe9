import { type Field, type NodeReference, nodeKey } from '@thingward/things';

/** What a field is known by within the Things of one JID, whatever its timestamp. */
export function fieldKey({ node, name }: { readonly node?: NodeReference | undefined; readonly name: string }): string {
  return `${nodeKey(node)} ${name}`;
}

/** One field as it was last read. */
export interface FieldReading {
  readonly key: string;
  readonly field: Field;
  /** Was it in the last read-out, and is that read-out not known to be out of date? */
  readonly isCurrent: boolean;
}
