import type { DatatypeData } from '../values/datatype.ts';
import type { EventType } from './event.ts';
import type { GrammarKind } from './grammar.ts';

/** The strings of one namespace that are in the string table from the start. @see EXI 1.0 appendix D */
export interface NamespaceData {
  readonly namespace: string;
  readonly names: readonly string[];
  readonly prefixes: readonly string[];
}

/** A production as plain data. Names, datatypes and grammars by number; -1: none. */
export interface ProductionData {
  readonly event: EventType;
  /** Of AT(qname) and SE(qname); of AT(uri:*) and SE(uri:*) the number of the namespace. */
  readonly name: number;
  readonly datatype: number;
  readonly element: number;
  readonly next: number;
}

export interface SingleGrammarData {
  readonly kind: GrammarKind;
  readonly isTypeCastable: boolean;
  readonly isNillable: boolean;
  readonly content: number;
  readonly typeEmpty: number;
  readonly productions: readonly ProductionData[];
}

/** Grammars made of a schema, as plain data: what is stored and loaded. Names are counted over all namespaces in order. */
export interface GrammarData {
  readonly namespaces: readonly NamespaceData[];
  readonly datatypes: readonly DatatypeData[];
  readonly grammars: readonly SingleGrammarData[];
  /** By name: the grammar of the global element, the datatype of the global attribute, the grammar of the type; -1: none. */
  readonly globals: readonly {
    readonly name: number;
    readonly element: number;
    readonly attribute: number;
    readonly type: number;
  }[];
  readonly documentContent: number;
  readonly fragmentContent: number;
}
