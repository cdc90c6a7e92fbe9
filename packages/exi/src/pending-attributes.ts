import type { Grammars } from './grammar/grammars.ts';
import { XSI_NAMESPACE } from './namespaces.ts';
import type { Name } from './string-table/name.ts';

/** The attributes of a start tag until all are there: in columns, so that none is an object. */
export class PendingAttributes {
  count = 0;
  /** Of those that the grammars know from the start; of others there is what follows. */
  readonly names: (Name | undefined)[] = [];
  readonly namespaces: string[] = [];
  readonly locals: string[] = [];
  readonly prefixes: (string | undefined)[] = [];
  readonly values: string[] = [];
  /** After `sort`: the places in the columns, in the order to be written. */
  readonly order: number[] = [];

  addKnown(name: Name, value: string): void {
    const at = this.count++;
    this.names[at] = name;
    this.values[at] = value;
  }

  add(namespace: string, local: string, prefix: string | undefined, value: string): void {
    const at = this.count++;
    this.names[at] = undefined;
    this.namespaces[at] = namespace;
    this.locals[at] = local;
    this.prefixes[at] = prefix;
    this.values[at] = value;
  }

  namespace(at: number): string {
    const name = this.names[at];
    return name === undefined ? (this.namespaces[at] as string) : name.namespace;
  }

  local(at: number): string {
    const name = this.names[at];
    return name === undefined ? (this.locals[at] as string) : name.local;
  }

  /** xsi:type, xsi:nil, then by local name and namespace: the order that grammars of a schema demand. @see EXI 1.0 §8.5.4.1.4 */
  sort(grammars: Grammars): void {
    const { order, names, count } = this;
    const { attributeRanks } = grammars;
    for (let i = 0; i < count; i++) {
      const name = names[i];
      let at = i;
      for (; at > 0; at--) {
        const before = order[at - 1] as number;
        const other = names[before];
        const isBefore =
          name !== undefined && other !== undefined
            ? (attributeRanks[name.index] as number) < (attributeRanks[other.index] as number)
            : this.#comesBefore(i, before, grammars.isSchemaInformed);
        if (!isBefore) break;
        order[at] = before;
      }
      order[at] = i;
    }
  }

  #comesBefore(one: number, other: number, isSorted: boolean): boolean {
    const rank = this.#rank(one);
    const otherRank = this.#rank(other);
    if (rank !== otherRank) return rank < otherRank;
    if (!isSorted || rank < 2) return false;
    const local = this.local(one);
    const otherLocal = this.local(other);
    if (local !== otherLocal) return local < otherLocal;
    return this.namespace(one) < this.namespace(other);
  }

  #rank(at: number): number {
    if (this.namespace(at) !== XSI_NAMESPACE) return 2;
    const local = this.local(at);
    return local === 'type' ? 0 : local === 'nil' ? 1 : 2;
  }
}
