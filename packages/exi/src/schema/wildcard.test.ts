import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Wildcard } from './components.ts';
import {
  allowsNamespace,
  includesNamespaces,
  intersectNamespaces,
  namespacesOverlap,
  uniteNamespaces,
} from './wildcard.ts';

type Namespaces = Wildcard['namespaces'];

/** Those that constraints name, and one that none does and that stands for all others. */
const NAMED = ['', 'urn:a', 'urn:b', 'urn:c'];
const ALL = [...NAMED, 'urn:other'];

const constraint: fc.Arbitrary<Namespaces> = fc.oneof(
  fc.constant<Namespaces>({ kind: 'any' }),
  fc.constantFrom(...NAMED).map((namespace): Namespaces => ({ kind: 'not', namespace })),
  fc.subarray(NAMED).map((namespaces): Namespaces => ({ kind: 'list', namespaces })),
);
const EXPRESSIBLE: readonly Namespaces[] = [
  { kind: 'any' },
  ...NAMED.map((namespace): Namespaces => ({ kind: 'not', namespace })),
  ...Array.from({ length: 2 ** NAMED.length }, (_, bits): Namespaces => {
    return { kind: 'list', namespaces: NAMED.filter((_, i) => bits & (1 << i)) };
  }),
];

const admitted = (namespaces: Namespaces) => ALL.filter((namespace) => allowsNamespace(namespaces, namespace));

describe('namespace constraints of wildcards', () => {
  it('have an intersection that admits what both admit', () => {
    fc.assert(
      fc.property(constraint, constraint, (a, b) => {
        const both = ALL.filter((namespace) => allowsNamespace(a, namespace) && allowsNamespace(b, namespace));
        const result = intersectNamespaces(a, b);
        if (result) expect(admitted(result)).toEqual(both);
        else expect(EXPRESSIBLE.map(admitted)).not.toContainEqual(both);
      }),
    );
  });

  it('have a union that admits what one admits', () => {
    fc.assert(
      fc.property(constraint, constraint, (a, b) => {
        const either = ALL.filter((namespace) => allowsNamespace(a, namespace) || allowsNamespace(b, namespace));
        const result = uniteNamespaces(a, b);
        if (result) expect(admitted(result)).toEqual(either);
        else expect(EXPRESSIBLE.map(admitted)).not.toContainEqual(either);
      }),
    );
  });

  it('overlap when one name satisfies both, and include one that admits less', () => {
    fc.assert(
      fc.property(constraint, constraint, (a, b) => {
        expect(namespacesOverlap(a, b)).toBe(admitted(a).some((namespace) => admitted(b).includes(namespace)));
        expect(includesNamespaces(a, b)).toBe(admitted(b).every((namespace) => admitted(a).includes(namespace)));
      }),
    );
  });
});
