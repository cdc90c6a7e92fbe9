import { ExiError } from '../error.ts';
import type { NamespaceData } from '../grammar/grammar-data.ts';
import { Name } from './name.ts';

/** Names of one namespace that are there from the start; shared by everybody who uses the same grammars. */
export interface KnownNamespace {
  readonly id: number;
  readonly namespace: string;
  readonly names: readonly Name[];
  readonly byLocal: ReadonlyMap<string, Name>;
  readonly prefixes: readonly string[];
}

/** More names than this are searched with a map. */
const FEW = 8;

/** The partitions of one namespace: its local names and prefixes. */
export class NamespacePartition {
  readonly id: number;
  readonly namespace: string;
  readonly prefixes: string[];
  readonly #known: KnownNamespace | undefined;
  readonly #names: Name[] = [];
  #byLocal: Map<string, Name> | undefined;

  constructor(id: number, namespace: string, known?: KnownNamespace) {
    this.id = id;
    this.namespace = namespace;
    this.#known = known;
    this.prefixes = known ? [...known.prefixes] : [];
  }

  get count(): number {
    return (this.#known?.names.length ?? 0) + this.#names.length;
  }

  find(local: string): Name | undefined {
    const known = this.#known?.byLocal.get(local);
    if (known !== undefined || this.#names.length === 0) return known;
    if (this.#byLocal !== undefined) return this.#byLocal.get(local);
    for (let i = 0; i < this.#names.length; i++) {
      const name = this.#names[i] as Name;
      if (name.local === local) return name;
    }
    return undefined;
  }

  at(localId: number): Name | undefined {
    const known = this.#known?.names.length ?? 0;
    return localId < known ? this.#known?.names[localId] : this.#names[localId - known];
  }

  add(local: string, index: number): Name {
    const name = new Name(index, this.id, this.count, this.namespace, local);
    this.#names.push(name);
    if (this.#byLocal !== undefined) this.#byLocal.set(local, name);
    else if (this.#names.length > FEW) this.#byLocal = new Map(this.#names.map((each) => [each.local, each]));
    return name;
  }

  /** Takes back the name added last. */
  removeLast(): void {
    const name = this.#names.pop();
    if (name) this.#byLocal?.delete(name.local);
  }

  clear(): void {
    this.#names.length = 0;
    this.#byLocal = undefined;
    this.prefixes.length = this.#known?.prefixes.length ?? 0;
  }
}

/** What was added to the table. */
type Addition = 'namespace' | 'name' | 'prefix';

/** The partitions of the string table that hold namespaces, local names and prefixes. @see EXI 1.0 §7.3.1, §7.3.2 */
export class NameTable {
  readonly #known: readonly KnownNamespace[];
  readonly #knownNames: number;
  readonly #maxEntries: number;
  readonly #partitions: NamespacePartition[];
  readonly #byNamespace = new Map<string, NamespacePartition>();
  /** Everything that was not there from the start, in order, and where it was added. */
  readonly #additions: Addition[] = [];
  readonly #changed: NamespacePartition[] = [];
  #nameCount: number;
  #mark = 0;

  constructor(known: readonly KnownNamespace[], maxEntries: number) {
    this.#known = known;
    this.#maxEntries = maxEntries;
    this.#partitions = known.map((each) => new NamespacePartition(each.id, each.namespace, each));
    this.#knownNames = known.reduce((sum, each) => sum + each.names.length, 0);
    this.#nameCount = this.#knownNames;
    for (const partition of this.#partitions) this.#byNamespace.set(partition.namespace, partition);
  }

  /** How many namespaces there are. */
  get count(): number {
    return this.#partitions.length;
  }

  at(id: number): NamespacePartition | undefined {
    return this.#partitions[id];
  }

  find(namespace: string): NamespacePartition | undefined {
    return this.#byNamespace.get(namespace);
  }

  findName(namespace: string, local: string): Name | undefined {
    return this.#byNamespace.get(namespace)?.find(local);
  }

  addNamespace(namespace: string, position: number): NamespacePartition {
    const partition = new NamespacePartition(this.#partitions.length, namespace);
    this.#partitions.push(partition);
    // A decoder may meet one twice; the first is the one to be found.
    if (!this.#byNamespace.has(namespace)) this.#byNamespace.set(namespace, partition);
    this.#added(partition, 'namespace', position);
    return partition;
  }

  addName(partition: NamespacePartition, local: string, position: number): Name {
    const name = partition.add(local, this.#nameCount++);
    this.#added(partition, 'name', position);
    return name;
  }

  addPrefix(partition: NamespacePartition, prefix: string, position: number): void {
    partition.prefixes.push(prefix);
    this.#added(partition, 'prefix', position);
  }

  #added(partition: NamespacePartition, what: Addition, position: number): void {
    this.#additions.push(what);
    this.#changed.push(partition);
    if (this.#additions.length > this.#maxEntries) {
      throw new ExiError('limit', `the string table holds more than ${this.#maxEntries} names`, position);
    }
  }

  /** From now on additions can be taken back. */
  begin(): void {
    this.#mark = this.#additions.length;
  }

  rollback(): void {
    while (this.#additions.length > this.#mark) {
      const what = this.#additions.pop();
      const partition = this.#changed.pop() as NamespacePartition;
      if (what === 'name') {
        partition.removeLast();
        this.#nameCount--;
      } else if (what === 'prefix') {
        partition.prefixes.pop();
      } else {
        this.#partitions.pop();
        if (this.#byNamespace.get(partition.namespace) === partition) this.#byNamespace.delete(partition.namespace);
      }
    }
  }

  /** Back to what is there from the start. */
  clear(): void {
    if (this.#additions.length === 0) return;
    for (let i = 0; i < this.#changed.length; i++) (this.#changed[i] as NamespacePartition).clear();
    for (let id = this.#known.length; id < this.#partitions.length; id++) {
      this.#byNamespace.delete((this.#partitions[id] as NamespacePartition).namespace);
    }
    this.#partitions.length = this.#known.length;
    this.#additions.length = 0;
    this.#changed.length = 0;
    this.#nameCount = this.#knownNames;
    this.#mark = 0;
  }
}

/** The namespaces of grammars as everybody who uses them shares them. */
export function knownNamespaces(data: readonly NamespaceData[]): readonly KnownNamespace[] {
  let index = 0;
  return data.map(({ namespace, names, prefixes }, id) => {
    const made = names.map((local, localId) => new Name(index++, id, localId, namespace, local));
    return { id, namespace, names: made, byLocal: new Map(made.map((name) => [name.local, name])), prefixes };
  });
}
