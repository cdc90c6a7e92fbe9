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

/** More names of a namespace, or namespaces, than this are searched with a map. */
const FEW = 16;
/** A table that is cleared keeps so many of each at most: the next document often has the same. */
const MAX_SPARE = 256;

/** The partitions of one namespace: its local names and prefixes. */
export class NamespacePartition {
  readonly id: number;
  readonly namespace: string;
  readonly prefixes: string[];
  readonly #known: KnownNamespace | undefined;
  readonly #knownCount: number;
  /** Those added: the first `#added`; behind them are some that were there before the table was cleared. */
  readonly #names: Name[] = [];
  #added = 0;
  #byLocal: Map<string, Name> | undefined;

  constructor(id: number, namespace: string, known?: KnownNamespace) {
    this.id = id;
    this.namespace = namespace;
    this.#known = known;
    this.#knownCount = known?.names.length ?? 0;
    this.prefixes = known ? [...known.prefixes] : [];
  }

  get count(): number {
    return this.#knownCount + this.#added;
  }

  find(local: string): Name | undefined {
    const known = this.#knownCount === 0 ? undefined : this.#known?.byLocal.get(local);
    if (known !== undefined || this.#added === 0) return known;
    if (this.#byLocal !== undefined) return this.#byLocal.get(local);
    for (let i = 0; i < this.#added; i++) {
      const name = this.#names[i] as Name;
      if (name.local === local) return name;
    }
    return undefined;
  }

  at(localId: number): Name | undefined {
    if (localId < this.#knownCount) return this.#known?.names[localId];
    const added = localId - this.#knownCount;
    return added < this.#added ? this.#names[added] : undefined;
  }

  /** The name that was the next to be added when the table was last cleared, where it still can be: it often is again. */
  spare(index: number): Name | undefined {
    const name = this.#names[this.#added];
    return name?.index === index ? name : undefined;
  }

  add(local: string, index: number): Name {
    const spare = this.spare(index);
    const name = spare?.local === local ? spare : new Name(index, this.id, this.count, this.namespace, local);
    this.#names[this.#added++] = name;
    if (this.#byLocal !== undefined) this.#byLocal.set(local, name);
    else if (this.#added > FEW) this.#byLocal = this.#index();
    return name;
  }

  #index(): Map<string, Name> {
    const index = new Map<string, Name>();
    for (let i = 0; i < this.#added; i++) {
      const name = this.#names[i] as Name;
      index.set(name.local, name);
    }
    return index;
  }

  /** Takes back the name added last. */
  removeLast(): void {
    this.#added--;
    this.#byLocal?.delete((this.#names[this.#added] as Name).local);
  }

  clear(): void {
    this.#added = 0;
    if (this.#names.length > MAX_SPARE) this.#names.length = 0;
    this.#byLocal = undefined;
    const prefixes = this.#known?.prefixes.length ?? 0;
    if (this.prefixes.length > prefixes) this.prefixes.length = prefixes;
  }
}

/** What was added to the table. */
type Addition = 'namespace' | 'name' | 'prefix';

/**
 * The partitions of the string table that hold namespaces, local names and prefixes. What is forgotten stays behind what is in use, to be
 * taken again when it comes again: most documents look like the one before.
 * @see EXI 1.0 §7.3.1, §7.3.2
 */
export class NameTable {
  readonly #known: readonly KnownNamespace[];
  readonly #knownNames: number;
  readonly #maxEntries: number;
  readonly #partitions: NamespacePartition[];
  /** How many namespaces there are. */
  #count: number;
  /** Those that are there from the start by namespace, and those added once there are more than a few. */
  readonly #byNamespace = new Map<string, NamespacePartition>();
  #addedByNamespace: Map<string, NamespacePartition> | undefined;
  /** The one found last: most names are in the namespace of the one before. */
  #last: NamespacePartition;
  /** Everything that was not there from the start, in order, and where it was added: the first `#added`. */
  readonly #additions: Addition[] = [];
  readonly #changed: NamespacePartition[] = [];
  #added = 0;
  #nameCount: number;
  #mark = 0;

  constructor(known: readonly KnownNamespace[], maxEntries: number) {
    this.#known = known;
    this.#maxEntries = maxEntries;
    this.#partitions = known.map((each) => new NamespacePartition(each.id, each.namespace, each));
    this.#count = known.length;
    this.#last = this.#partitions[0] as NamespacePartition;
    this.#knownNames = known.reduce((sum, each) => sum + each.names.length, 0);
    this.#nameCount = this.#knownNames;
    for (const partition of this.#partitions) this.#byNamespace.set(partition.namespace, partition);
  }

  /** How many namespaces there are. */
  get count(): number {
    return this.#count;
  }

  at(id: number): NamespacePartition | undefined {
    return id < this.#count ? this.#partitions[id] : undefined;
  }

  find(namespace: string): NamespacePartition | undefined {
    if (this.#last.namespace === namespace) return this.#last;
    const found = this.#byNamespace.get(namespace) ?? this.#findAdded(namespace);
    if (found !== undefined) this.#last = found;
    return found;
  }

  #findAdded(namespace: string): NamespacePartition | undefined {
    if (this.#addedByNamespace !== undefined) return this.#addedByNamespace.get(namespace);
    for (let id = this.#known.length; id < this.#count; id++) {
      const partition = this.#partitions[id] as NamespacePartition;
      if (partition.namespace === namespace) return partition;
    }
    return undefined;
  }

  findName(namespace: string, local: string): Name | undefined {
    return this.find(namespace)?.find(local);
  }

  /** The namespace that was the next to be added when the table was last cleared: it often is again. */
  get spareNamespace(): string | undefined {
    return this.#partitions[this.#count]?.namespace;
  }

  /** The local name that was the next to be added to the partition. */
  spareLocal(partition: NamespacePartition): string | undefined {
    return partition.spare(this.#nameCount)?.local;
  }

  addNamespace(namespace: string, position: number): NamespacePartition {
    const id = this.#count;
    const spare = this.#partitions[id];
    const partition = spare?.namespace === namespace ? spare : new NamespacePartition(id, namespace);
    this.#partitions[id] = partition;
    this.#count++;
    if (this.#addedByNamespace === undefined && id === this.#known.length + FEW) {
      this.#addedByNamespace = new Map();
      for (let each = this.#known.length; each < id; each++) this.#index(this.#partitions[each] as NamespacePartition);
    }
    this.#index(partition);
    this.#note(partition, 'namespace', position);
    return partition;
  }

  /** A decoder may meet a namespace twice; the first is the one to be found. */
  #index(partition: NamespacePartition): void {
    const index = this.#addedByNamespace;
    if (index !== undefined && !index.has(partition.namespace)) index.set(partition.namespace, partition);
  }

  addName(partition: NamespacePartition, local: string, position: number): Name {
    const name = partition.add(local, this.#nameCount++);
    this.#note(partition, 'name', position);
    return name;
  }

  addPrefix(partition: NamespacePartition, prefix: string, position: number): void {
    partition.prefixes.push(prefix);
    this.#note(partition, 'prefix', position);
  }

  #note(partition: NamespacePartition, what: Addition, position: number): void {
    this.#additions[this.#added] = what;
    this.#changed[this.#added] = partition;
    this.#added++;
    if (this.#added > this.#maxEntries) {
      throw new ExiError('limit', `the string table holds more than ${this.#maxEntries} names`, position);
    }
  }

  /** From now on additions can be taken back. */
  begin(): void {
    this.#mark = this.#added;
  }

  rollback(): void {
    while (this.#added > this.#mark) {
      this.#added--;
      const what = this.#additions[this.#added];
      const partition = this.#changed[this.#added] as NamespacePartition;
      if (what === 'name') {
        partition.removeLast();
        this.#nameCount--;
      } else if (what === 'prefix') {
        partition.prefixes.pop();
      } else {
        this.#count--;
        const index = this.#addedByNamespace;
        if (index?.get(partition.namespace) === partition) index.delete(partition.namespace);
        this.#last = this.#partitions[0] as NamespacePartition;
      }
    }
  }

  /** Back to what is there from the start. */
  clear(): void {
    if (this.#added === 0) return;
    for (let i = 0; i < this.#added; i++) (this.#changed[i] as NamespacePartition).clear();
    if (this.#added > MAX_SPARE) {
      this.#additions.length = this.#changed.length = 0;
      this.#partitions.length = this.#known.length;
    }
    this.#added = this.#mark = 0;
    this.#count = this.#known.length;
    this.#nameCount = this.#knownNames;
    this.#addedByNamespace = undefined;
    this.#last = this.#partitions[0] as NamespacePartition;
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
