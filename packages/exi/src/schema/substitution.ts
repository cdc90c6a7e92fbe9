import type { Compilation } from './compilation.ts';
import type { ElementDeclaration } from './components.ts';
import { derivationChain, derivationMethods, isDerivedFrom } from './derivation.ts';
import type { Draft } from './draft.ts';
import type { SchemaNode } from './node.ts';
import { derivationSet } from './values.ts';

/**
 * Gives elements without a type that of the head of their substitution group, and tells every head what can stand in its place.
 * @throws SchemaError
 * @see XML Schema Part 1, §3.3.6, Substitution Group OK (Transitive)
 */
export function linkSubstitutions(
  compilation: Compilation,
  elements: ReadonlyMap<ElementDeclaration, SchemaNode>,
  blocks: ReadonlyMap<ElementDeclaration, ReadonlySet<string>>,
): void {
  const members = [...elements].filter(([element]) => element.substitutes !== undefined);
  for (const [element, node] of members) inheritType(element, node, elements);
  for (const [element, node] of members) checkMember(compilation, element, node, elements);
  const found = new Map<ElementDeclaration, ElementDeclaration[]>();
  for (const [element, node] of members) {
    for (let head = element.substitutes; head; head = head.substitutes) {
      compilation.budget.step(1, node.source, node.offset);
      if (element.isAbstract || !canSubstitute(compilation, element, head, blocks.get(head))) continue;
      const list = found.get(head) ?? [];
      list.push(element);
      found.set(head, list);
    }
  }
  for (const [head, list] of found) (head as Draft<ElementDeclaration>).substitutableBy = list;
}

function hasOwnType(node: SchemaNode | undefined): boolean {
  return node?.attribute('type') !== undefined || (node?.childrenNamed('simpleType', 'complexType').length ?? 0) > 0;
}

function inheritType(
  element: Draft<ElementDeclaration>,
  node: SchemaNode,
  elements: ReadonlyMap<ElementDeclaration, SchemaNode>,
): void {
  const seen = new Set<ElementDeclaration>([element]);
  let declares = hasOwnType(node);
  for (let head = element.substitutes; head; head = head.substitutes) {
    if (seen.has(head)) {
      throw node.error('circular-definition', `element ${element.name.name} substitutes itself`, 'substitutionGroup');
    }
    seen.add(head);
    if (declares) continue;
    if (hasOwnType(elements.get(head)) || !head.substitutes) {
      element.type = head.type;
      declares = true;
    }
  }
}

/** @see XML Schema Part 1, §3.3.6, Element Declaration Properties Correct */
function checkMember(
  compilation: Compilation,
  element: ElementDeclaration,
  node: SchemaNode,
  elements: ReadonlyMap<ElementDeclaration, SchemaNode>,
): void {
  const head = element.substitutes as ElementDeclaration;
  const chain = derivationChain(element.type, head.type);
  if (!chain && !isDerivedFrom(element.type, head.type)) {
    const message = `the type of ${element.name.name} is not derived from that of ${head.name.name}`;
    throw node.error('bad-derivation', message, 'substitutionGroup');
  }
  const headNode = elements.get(head) as SchemaNode;
  const final = derivationSet(headNode, 'final', ['extension', 'restriction'], headNode.context.finalDefault);
  const { used } = derivationMethods(compilation, chain ?? []);
  const forbidden = [...used].find((method) => final.has(method));
  if (forbidden) {
    const message = `element ${head.name.name} is final: nothing whose type is an ${forbidden} can substitute it`;
    throw node.error('bad-derivation', message.replace('an restriction', 'a restriction'), 'substitutionGroup');
  }
}

function canSubstitute(
  compilation: Compilation,
  element: ElementDeclaration,
  head: ElementDeclaration,
  block: ReadonlySet<string> = new Set(),
): boolean {
  if (block.has('substitution')) return false;
  const { used, blocked } = derivationMethods(compilation, derivationChain(element.type, head.type) ?? []);
  const ofHead = compilation.properties(head.type).block;
  return [...used].every((method) => !block.has(method) && !blocked.has(method) && !ofHead.has(method));
}
