import type { Wildcard } from './components.ts';

type Namespaces = Wildcard['namespaces'];

/** Does the constraint admit names of this namespace? @see XML Schema Part 1, §3.10.4, Wildcard allows Namespace Name */
export function allowsNamespace(constraint: Namespaces, namespace: string): boolean {
  switch (constraint.kind) {
    case 'any':
      return true;
    case 'not':
      return namespace !== constraint.namespace && namespace !== '';
    case 'list':
      return constraint.namespaces.includes(namespace);
  }
}

/**
 * The constraint that admits what both admit.
 * @returns undefined when XML Schema has no way to say it: other than two different namespaces
 * @see XML Schema Part 1, §3.10.6, Attribute Wildcard Intersection
 */
export function intersectNamespaces(a: Namespaces, b: Namespaces): Namespaces | undefined {
  if (a.kind === 'any') return b;
  if (b.kind === 'any') return a;
  if (a.kind === 'list') {
    return { kind: 'list', namespaces: a.namespaces.filter((namespace) => allowsNamespace(b, namespace)) };
  }
  if (b.kind === 'list') return intersectNamespaces(b, a);
  if (a.namespace === b.namespace) return a;
  // Not absent is what every "other than" says too.
  if (a.namespace === '') return b;
  return b.namespace === '' ? a : undefined;
}

/**
 * The constraint that admits what one of them admits.
 * @returns undefined when XML Schema has no way to say it: all but absent ones and one, and absent ones
 * @see XML Schema Part 1, §3.10.6, Attribute Wildcard Union
 */
export function uniteNamespaces(a: Namespaces, b: Namespaces): Namespaces | undefined {
  if (a.kind === 'any' || b.kind === 'any') return { kind: 'any' };
  if (a.kind === 'list' && b.kind === 'list') {
    return { kind: 'list', namespaces: [...new Set([...a.namespaces, ...b.namespaces])] };
  }
  if (a.kind === 'list') return uniteNamespaces(b, a);
  if (b.kind === 'not') return a.namespace === b.namespace ? a : { kind: 'not', namespace: '' };
  const hasNegated = b.namespaces.includes(a.namespace);
  const hasAbsent = b.namespaces.includes('');
  if (a.namespace === '') return hasAbsent ? { kind: 'any' } : a;
  if (hasNegated && hasAbsent) return { kind: 'any' };
  if (hasNegated) return { kind: 'not', namespace: '' };
  return hasAbsent ? undefined : a;
}

/** May one name be admitted by both? */
export function namespacesOverlap(a: Namespaces, b: Namespaces): boolean {
  if (a.kind === 'list') return a.namespaces.some((namespace) => allowsNamespace(b, namespace));
  if (b.kind === 'list') return namespacesOverlap(b, a);
  return true;
}

/** Does `outer` admit all that `inner` admits? @see XML Schema Part 1, §3.10.6, Wildcard Subset */
export function includesNamespaces(outer: Namespaces, inner: Namespaces): boolean {
  if (outer.kind === 'any') return true;
  if (inner.kind === 'list') return inner.namespaces.every((namespace) => allowsNamespace(outer, namespace));
  return (
    outer.kind === 'not' && inner.kind === 'not' && (outer.namespace === inner.namespace || outer.namespace === '')
  );
}
