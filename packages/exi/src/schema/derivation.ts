import type { Compilation } from './compilation.ts';
import type { TypeDefinition } from './components.ts';

/** How a type came from its base. Lists and unions are restrictions of `anySimpleType`. */
export function derivationMethod(type: TypeDefinition): 'restriction' | 'extension' {
  return type.kind === 'complex' ? type.derivation : 'restriction';
}

/** The types between `type` and `base`, `type` among them and `base` not; undefined when it is not derived from it. */
export function derivationChain(type: TypeDefinition, base: TypeDefinition): readonly TypeDefinition[] | undefined {
  const chain: TypeDefinition[] = [];
  for (let current = type; current !== base; current = current.base) {
    chain.push(current);
    if (current.base === current) return undefined;
  }
  return chain;
}

/**
 * May values of `type` stand where `base` is declared: is it derived from it, or a member of the union that it is?
 * @see XML Schema Part 1, §3.14.6, Type Derivation OK (Simple); §3.4.6, Type Derivation OK (Complex)
 */
export function isDerivedFrom(type: TypeDefinition, base: TypeDefinition): boolean {
  if (derivationChain(type, base)) return true;
  return (
    base.kind === 'simple' &&
    base.variety.kind === 'union' &&
    base.variety.members.some((member) => isDerivedFrom(type, member))
  );
}

/** The methods used between `type` and `base`, and those that types on the way block. */
export function derivationMethods(
  compilation: Pick<Compilation, 'properties'>,
  chain: readonly TypeDefinition[],
): { used: ReadonlySet<string>; blocked: ReadonlySet<string> } {
  const used = new Set(chain.map(derivationMethod));
  const blocked = new Set(chain.slice(1).flatMap((type) => [...compilation.properties(type).block]));
  return { used, blocked };
}
