import type {
  AttributeUse,
  ComplexType,
  ElementDeclaration,
  Facets,
  Particle,
  SchemaComponents,
  SimpleType,
  TypeDefinition,
  Wildcard,
} from './components.ts';
import { displayName, SCHEMA_NAMESPACE } from './names.ts';

/**
 * Components as text, one global declaration a line and its anonymous types under it: for people who want to see what a schema came to.
 * Types of XML Schema itself are not listed.
 */
export function describeComponents(components: SchemaComponents): string {
  const lines: string[] = [];
  // By way of a named group an anonymous type can be in several places, and inside itself.
  const seen = new Set<TypeDefinition>();
  for (const element of components.elements.values()) {
    lines.push(`element ${describeElement(element)}`, ...describeAnonymous(element.type, 1, seen));
  }
  for (const attribute of components.attributes.values()) {
    lines.push(`attribute ${displayName(attribute.name)}: ${typeName(attribute.type)}`);
  }
  for (const type of components.types.values()) {
    if (type.name?.namespace === SCHEMA_NAMESPACE) continue;
    lines.push(`type ${displayName(type.name as { namespace: string; name: string })}${describeType(type)}`);
    if (type.kind === 'complex') lines.push(...describeComplex(type, 1, seen));
  }
  return `${lines.join('\n')}\n`;
}

function describeElement(element: ElementDeclaration): string {
  const marks = [
    element.isAbstract ? 'abstract' : '',
    element.isNillable ? 'nillable' : '',
    element.substitutes ? `substitutes ${displayName(element.substitutes.name)}` : '',
    element.substitutableBy.length > 0
      ? `or ${element.substitutableBy.map(({ name }) => displayName(name)).join(' or ')}`
      : '',
  ].filter((mark) => mark !== '');
  return `${displayName(element.name)}: ${[typeName(element.type), ...marks].join(', ')}`;
}

function typeName(type: TypeDefinition): string {
  if (type.name?.namespace === SCHEMA_NAMESPACE) return `xs:${type.name.name}`;
  if (type.name) return displayName(type.name);
  return type.kind === 'simple' ? `(${describeSimple(type)})` : '(complex)';
}

function describeAnonymous(type: TypeDefinition, depth: number, seen: Set<TypeDefinition>): readonly string[] {
  if (type.kind === 'simple' || type.name) return [];
  if (seen.has(type)) return [`${'  '.repeat(depth)}as above`];
  seen.add(type);
  return describeComplex(type, depth, seen);
}

function describeType(type: TypeDefinition): string {
  const subtypes = type.hasNamedSubtypes ? ', has subtypes' : '';
  if (type.kind === 'simple') return ` = ${describeSimple(type)}${subtypes}`;
  return `: ${type.derivation} of ${typeName(type.base)}${type.isAbstract ? ', abstract' : ''}${subtypes}`;
}

function describeSimple({ base, variety, facets }: SimpleType): string {
  const what =
    variety.kind === 'list'
      ? `list of ${typeName(variety.item)}`
      : variety.kind === 'union'
        ? `union of ${variety.members.map(typeName).join(', ')}`
        : typeName(base);
  return `${what}${describeFacets(facets)}`;
}

function describeFacets({ characters, ...facets }: Facets): string {
  const described = Object.entries(facets)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${Array.isArray(value) ? value.join('|') : value}`);
  const set = characters ? ` characters=${String.fromCodePoint(...characters)}` : '';
  return described.join('') + set;
}

function describeComplex(type: ComplexType, depth: number, seen: Set<TypeDefinition>): readonly string[] {
  const indent = '  '.repeat(depth);
  const lines = type.attributes.map((use) => `${indent}@${describeUse(use)}`);
  if (type.attributeWildcard) lines.push(`${indent}@${describeWildcard(type.attributeWildcard)}`);
  const { content } = type;
  if (content.kind === 'simple') lines.push(`${indent}text ${typeName(content.type)}`);
  else if (content.kind === 'empty') lines.push(`${indent}empty`);
  else {
    if (content.kind === 'mixed') lines.push(`${indent}mixed`);
    if (content.particle) lines.push(...describeParticle(content.particle, depth, seen));
  }
  return lines;
}

function describeUse({ attribute, isRequired }: AttributeUse): string {
  return `${displayName(attribute.name)}${isRequired ? '' : '?'}: ${typeName(attribute.type)}`;
}

function describeParticle(
  { minOccurs, maxOccurs, term }: Particle,
  depth: number,
  seen: Set<TypeDefinition>,
): readonly string[] {
  const indent = '  '.repeat(depth);
  const most = maxOccurs === 'unbounded' ? '' : maxOccurs;
  const times = minOccurs === 1 && maxOccurs === 1 ? '' : ` {${minOccurs},${most}}`;
  if (term.kind === 'group') {
    return [
      `${indent}${term.compositor}${times}`,
      ...term.particles.flatMap((particle) => describeParticle(particle, depth + 1, seen)),
    ];
  }
  if (term.kind === 'wildcard') return [`${indent}${describeWildcard(term)}${times}`];
  if (term.isGlobal) return [`${indent}ref ${displayName(term.name)}${times}`];
  return [`${indent}${describeElement(term)}${times}`, ...describeAnonymous(term.type, depth + 1, seen)];
}

function describeWildcard({ namespaces, processContents }: Wildcard): string {
  const which =
    namespaces.kind === 'any'
      ? '##any'
      : namespaces.kind === 'not'
        ? `not ${namespaces.namespace || '##local'}`
        : namespaces.namespaces.map((namespace) => namespace || '##local').join(' ');
  return `any ${which} (${processContents})`;
}
