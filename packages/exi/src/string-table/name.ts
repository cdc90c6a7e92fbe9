import { XML_NAMESPACE } from '../namespaces.ts';

/** An expanded name as the string table knows it. One object per name and table: names are compared by identity. */
export class Name {
  /** Number among all names of the table: where state about it is kept. */
  readonly index: number;
  /** Compact identifiers of its namespace, and of its local name in that. */
  readonly uriId: number;
  readonly localId: number;
  readonly namespace: string;
  readonly local: string;
  /** How `Element` of @thingward/xml names an attribute of this name. */
  readonly attributeKey: string;

  constructor(index: number, uriId: number, localId: number, namespace: string, local: string) {
    this.index = index;
    this.uriId = uriId;
    this.localId = localId;
    this.namespace = namespace;
    this.local = local;
    this.attributeKey =
      namespace === '' ? local : namespace === XML_NAMESPACE ? `xml:${local}` : `{${namespace}}${local}`;
  }
}
