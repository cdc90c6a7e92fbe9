import type { Grammars } from './grammar/grammars.ts';
import { XSI_NAMESPACE } from './namespaces.ts';
import type { Name } from './string-table/name.ts';

/** The attributes of a start tag until all are there: in columns, so that none is an object. */
export class PendingAttributes {
  count = 0;
  readonly names: (Name | undefined)[] = [];
  readonly namespaces: string[] = [];
  readonly locals: string[] = [];
  readonly prefixes: (string | undefined)[] = [];
  readonly values: string[] = [];
  /** After `sort`: the places in the columns, in the order to be written. */
  readonly order: number[] = [];

  /** @param name where it is known to the grammars from the start */
  add(name: Name | undefined, namespace: string, local: string, prefix: string | undefined, value: string): void {
    const at = this.count++;
    this.names[at] = name;
    this.namespaces[at] = namespace;
    this.locals[at] = local;
    this.prefixes[at] = prefix;
    this.values[at] = value;
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
    const [local, otherLocal] = [this.locals[one] as string, this.locals[other] as string];
    if (local !== otherLocal) return local < otherLocal;
    return (this.namespaces[one] as string) < (this.namespaces[other] as string);
  }

  #rank(at: number): number {
    if (this.namespaces[at] !== XSI_NAMESPACE) return 2;
    return this.locals[at] === 'type' ? 0 : this.locals[at] === 'nil' ? 1 : 2;
  }
}
