import type { Compilation } from './compilation.ts';
import type { Wildcard } from './components.ts';
import type { SchemaNode } from './node.ts';
import { badValue, choiceValue, listValue, tokenValue } from './values.ts';

/** The wildcard in `xs:any` or `xs:anyAttribute`. @throws SchemaError @see XML Schema Part 1, §3.10.2 */
export function makeWildcard(compilation: Compilation, node: SchemaNode): Wildcard {
  const processContents = choiceValue(node, 'processContents', ['strict', 'lax', 'skip']);
  const { targetNamespace } = node.context;
  const value = tokenValue(node, 'namespace') ?? '##any';
  if (value === '##any') return { kind: 'wildcard', namespaces: { kind: 'any' }, processContents };
  if (value === '##other') {
    return { kind: 'wildcard', namespaces: { kind: 'not', namespace: targetNamespace }, processContents };
  }
  const namespaces = listValue(node, 'namespace').map((word) => {
    if (word === '##targetNamespace') return targetNamespace;
    if (word === '##local') return '';
    if (word.startsWith('##')) {
      throw badValue(
        node,
        'namespace',
        value,
        '##any, ##other, or a list of ##targetNamespace, ##local and namespaces',
      );
    }
    return word;
  });
  compilation.addNamespaces(namespaces);
  return { kind: 'wildcard', namespaces: { kind: 'list', namespaces: [...new Set(namespaces)] }, processContents };
}
