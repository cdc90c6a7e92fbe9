import { refuseDefaultAndFixed } from './attributes.ts';
import type { Compilation } from './compilation.ts';
import type { ElementDeclaration, TypeDefinition } from './components.ts';
import type { Draft } from './draft.ts';
import type { SchemaNode } from './node.ts';
import { booleanValue, choiceValue, declaredName, derivationSet } from './values.ts';

/** The element in `xs:element`, without its type. @throws SchemaError @see XML Schema Part 1, §3.3.2 */
export function draftElement(compilation: Compilation, node: SchemaNode, isGlobal: boolean): Draft<ElementDeclaration> {
  const name = declaredName(node);
  refuseDefaultAndFixed(node);
  const { elementFormDefault, targetNamespace } = node.context;
  const form = choiceValue(
    node,
    'form',
    elementFormDefault === 'qualified' ? ['qualified', 'unqualified'] : ['unqualified', 'qualified'],
  );
  const element: Draft<ElementDeclaration> = {
    kind: 'element',
    name: { namespace: isGlobal || form === 'qualified' ? targetNamespace : '', name },
    isGlobal,
    type: compilation.builtIn('anyType'),
    isNillable: booleanValue(node, 'nillable'),
    isAbstract: booleanValue(node, 'abstract'),
    substitutableBy: [],
  };
  const block = derivationSet(node, 'block', ['extension', 'restriction', 'substitution'], node.context.blockDefault);
  compilation.setElementBlock(element, block);
  // Read again where something substitutes the element: here it is only checked.
  derivationSet(node, 'final', ['extension', 'restriction'], node.context.finalDefault);
  return element;
}

/** The type an element declares; undefined when it declares none. @throws SchemaError */
export function elementType(compilation: Compilation, node: SchemaNode): TypeDefinition | undefined {
  const inline = node.childNamed('simpleType', 'complexType');
  const hasReference = node.attribute('type') !== undefined;
  if (inline && hasReference) {
    throw inline.error('bad-structure', 'xs:element has the attribute type or a type of its own, not both');
  }
  if (inline) return compilation.anonymousType(inline);
  return hasReference ? compilation.typeNamed(node, 'type') : undefined;
}
