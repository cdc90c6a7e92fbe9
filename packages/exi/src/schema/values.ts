import type { QName } from './components.ts';
import { normaliseWhiteSpace } from './literal.ts';
import type { SchemaNode } from './node.ts';

/** @returns the value of an `xsd:boolean` attribute. @throws SchemaError */
export function booleanValue(node: SchemaNode, attribute: string, otherwise = false): boolean {
  const value = tokenValue(node, attribute);
  if (value === undefined) return otherwise;
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0') return false;
  throw badValue(node, attribute, value, 'true or false');
}

/** @returns the value of an attribute that has to be one of these, the first when it is not there. @throws SchemaError */
export function choiceValue<T extends string>(node: SchemaNode, attribute: string, choices: readonly [T, ...T[]]): T {
  const value = tokenValue(node, attribute);
  if (value === undefined) return choices[0];
  const choice = choices.find((candidate) => candidate === value);
  if (choice === undefined) throw badValue(node, attribute, value, choices.join(', '));
  return choice;
}

/** @returns the attribute's value with white space collapsed */
export function tokenValue(node: SchemaNode, attribute: string): string | undefined {
  const value = node.attribute(attribute);
  return value === undefined ? undefined : normaliseWhiteSpace(value, 'collapse');
}

/** The words of an attribute's value. */
export function listValue(node: SchemaNode, attribute: string): readonly string[] {
  return (tokenValue(node, attribute) ?? '').split(' ').filter((word) => word !== '');
}

/** `minOccurs` and `maxOccurs`. @throws SchemaError */
export function occurrence(node: SchemaNode): { minOccurs: number; maxOccurs: number | 'unbounded' } {
  const minOccurs = countValue(node, 'minOccurs');
  const maxOccurs = tokenValue(node, 'maxOccurs') === 'unbounded' ? 'unbounded' : countValue(node, 'maxOccurs');
  if (maxOccurs !== 'unbounded' && minOccurs > maxOccurs) {
    throw node.error('bad-value', `minOccurs ${minOccurs} is above maxOccurs ${maxOccurs}`, 'minOccurs');
  }
  return { minOccurs, maxOccurs };
}

function countValue(node: SchemaNode, attribute: string): number {
  const value = tokenValue(node, attribute);
  if (value === undefined) return 1;
  if (/^\+?\d{1,15}$/.test(value)) return Number(value);
  throw badValue(node, attribute, value, attribute === 'maxOccurs' ? 'a number or unbounded' : 'a number');
}

/**
 * The methods of derivation that an attribute `final` or `block` names.
 * @param allowed those it may name; `#all` means all of them
 * @param inherited the document's default
 * @throws SchemaError
 */
export function derivationSet(
  node: SchemaNode,
  attribute: string,
  allowed: readonly string[],
  inherited: string,
): ReadonlySet<string> {
  const own = node.attribute(attribute) !== undefined;
  const words = own ? listValue(node, attribute) : inherited.split(/\s+/).filter((word) => word !== '');
  if (words.length === 1 && words[0] === '#all') return new Set(allowed);
  if (own) {
    const stray = words.find((word) => !allowed.includes(word));
    if (stray !== undefined) throw badValue(node, attribute, stray, `#all, or ${allowed.join(', ')}`);
  }
  return new Set(words.filter((word) => allowed.includes(word)));
}

/** The name a component is declared with. @throws SchemaError */
export function declaredName(node: SchemaNode): string {
  const name = tokenValue(node, 'name');
  if (name === undefined) throw node.error('bad-structure', `xs:${node.name} needs the attribute name`);
  if (!isNcName(name)) throw badValue(node, 'name', name, 'a name without a colon');
  return name;
}

const NAME_START =
  'A-Z_a-z\\u{c0}-\\u{d6}\\u{d8}-\\u{f6}\\u{f8}-\\u{2ff}\\u{370}-\\u{37d}\\u{37f}-\\u{1fff}\\u{200c}\\u{200d}\\u{2070}-\\u{218f}' +
  '\\u{2c00}-\\u{2fef}\\u{3001}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{fffd}\\u{10000}-\\u{effff}';
const NC_NAME = new RegExp(`^[${NAME_START}][${NAME_START}\\-.0-9\\u{b7}\\u{300}-\\u{36f}\\u{203f}\\u{2040}]*$`, 'u');

/** @see Namespaces in XML 1.0 §3; XML 1.0 §2.3 */
export function isNcName(name: string): boolean {
  return NC_NAME.test(name);
}

/**
 * The name that a QName in an attribute stands for.
 * @throws SchemaError when its prefix is not bound or its namespace not imported
 */
export function referenceValue(node: SchemaNode, attribute: string, value = tokenValue(node, attribute) ?? ''): QName {
  const [first = '', second, ...others] = value.split(':');
  const prefix = second === undefined ? '' : first;
  const name = second ?? first;
  if (others.length > 0 || !isNcName(name) || (prefix !== '' && !isNcName(prefix))) {
    throw badValue(node, attribute, value, 'a name');
  }
  let namespace = node.lookup(prefix);
  if (namespace === undefined) {
    throw node.error('unresolved-reference', `prefix ${prefix} of ${value} is not bound to a namespace`, attribute);
  }
  const { context } = node;
  if (namespace === '' && context.isChameleon) namespace = context.targetNamespace;
  if (!context.visibleNamespaces.has(namespace)) {
    const what = namespace === '' ? 'names without a namespace are' : `namespace ${namespace} is`;
    throw node.error('unresolved-reference', `${value}: ${what} not imported by this document`, attribute);
  }
  return { namespace, name };
}

export function badValue(node: SchemaNode, attribute: string, value: string, expected: string) {
  return node.error('bad-value', `${attribute} is ${JSON.stringify(value)}: expected ${expected}`, attribute);
}
