import type { Compilation } from './compilation.ts';
import type { ModelGroup, Particle } from './components.ts';
import type { SchemaNode } from './node.ts';
import { occurrence } from './values.ts';
import { makeWildcard } from './wildcard-node.ts';

const PARTICLES = ['element', 'group', 'choice', 'sequence', 'any'];

/**
 * The particle that an element of a content model stands for.
 * @param isWhole is it the whole content of a type? Only then it may be an `all`.
 * @returns undefined when it may not occur at all
 * @throws SchemaError
 * @see XML Schema Part 1, §3.9.2
 */
export function makeParticle(compilation: Compilation, node: SchemaNode, isWhole = false): Particle | undefined {
  compilation.budget.step(1, node.source, node.offset);
  const { minOccurs, maxOccurs } = occurrence(node);
  const term = makeTerm(compilation, node);
  if (term.kind === 'group' && term.compositor === 'all') {
    if (!isWhole) throw node.error('bad-structure', 'an xs:all has to be the whole content of a type');
    if (maxOccurs !== 1 && maxOccurs !== 0) throw node.error('bad-value', 'an xs:all occurs at most once', 'maxOccurs');
  }
  return maxOccurs === 0 ? undefined : { minOccurs, maxOccurs, term };
}

function makeTerm(compilation: Compilation, node: SchemaNode): Particle['term'] {
  switch (node.name) {
    case 'element':
      return elementTerm(compilation, node);
    case 'any':
      return makeWildcard(compilation, node);
    case 'group':
      if (node.attribute('ref') === undefined) {
        throw node.error('bad-structure', 'xs:group inside a type needs the attribute ref');
      }
      return compilation.groupNamed(node, 'ref');
    default:
      return makeModelGroup(compilation, node);
  }
}

function elementTerm(compilation: Compilation, node: SchemaNode): Particle['term'] {
  const hasRef = node.attribute('ref') !== undefined;
  if (hasRef === (node.attribute('name') !== undefined)) {
    throw node.error('bad-structure', 'xs:element needs either the attribute name or ref');
  }
  if (!hasRef) return compilation.localElement(node);
  const stray = ['type', 'default', 'fixed', 'nillable', 'block', 'form'].find(
    (name) => node.attribute(name) !== undefined,
  );
  if (stray) throw node.error('bad-structure', `xs:element with ref has no attribute ${stray}`, stray);
  if (node.children.length > 0) throw node.error('bad-structure', 'xs:element with ref has no content of its own');
  return compilation.elementNamed(node, 'ref');
}

/** The group in `xs:sequence`, `xs:choice` or `xs:all`. @throws SchemaError @see XML Schema Part 1, §3.8.2 */
export function makeModelGroup(compilation: Compilation, node: SchemaNode): ModelGroup {
  return compilation.nested(node, () => {
    const group = modelGroup(compilation, node);
    noteDepth(compilation, group, node);
    return group;
  });
}

/** @throws SchemaError when groups nest too deep */
export function noteDepth(compilation: Compilation, group: ModelGroup, node: SchemaNode): void {
  const inner = group.particles.map(({ term }) => (term.kind === 'group' ? compilation.groupDepth(term) : 0));
  const depth = 1 + inner.reduce((deepest, next) => Math.max(deepest, next), 0);
  compilation.checkDepth(depth, node);
  compilation.setGroupDepth(group, depth);
}

function modelGroup(compilation: Compilation, node: SchemaNode): ModelGroup {
  const particles: Particle[] = [];
  for (const child of node.childrenNamed(...PARTICLES)) {
    const particle = makeParticle(compilation, child);
    if (!particle) continue;
    if (node.name === 'all' && particle.maxOccurs !== 1) {
      throw child.error('bad-value', 'an element of an xs:all occurs at most once', 'maxOccurs');
    }
    particles.push(particle);
  }
  return { kind: 'group', compositor: node.name as ModelGroup['compositor'], particles };
}
