import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Element, parseElement } from '@thingward/xml';
import {
  isDate,
  isDateTime,
  isDuration,
  isFiniteDouble,
  isTime,
  parseBoolean,
  parseInt32,
  parseInt64,
} from '../src/thing/xml-schema-values.ts';

const XSD = 'http://www.w3.org/2001/XMLSchema';

const SIMPLE_TYPES: Readonly<Record<string, (text: string) => boolean>> = {
  'xs:string': () => true,
  'xs:boolean': (text) => parseBoolean(text) !== undefined,
  'xs:int': (text) => parseInt32(text) !== undefined,
  'xs:long': (text) => parseInt64(text) !== undefined,
  'xs:double': isFiniteDouble,
  'xs:date': isDate,
  'xs:dateTime': isDateTime,
  'xs:duration': isDuration,
  'xs:time': isTime,
  'xs:positiveInteger': (text) => /^[1-9]\d*$/.test(text),
  'xs:nonNegativeInteger': (text) => /^\d+$/.test(text),
  'xs:QName': (text) => /^[\w.-]+(?::[\w.-]+)?$/.test(text),
};

interface Attribute {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
}

/**
 * Checks elements against the schemas of this package: which elements and attributes there may be, which must be, and what the values of
 * attributes are. Knows what these schemas use of XSD, and throws at anything else.
 */
export class SchemaCheck {
  readonly #schema: Element;
  readonly #namespace: string;
  readonly #imported: readonly Element[];

  /** @param file relative to `src`, as are those that it imports */
  constructor(file: string, ...imported: readonly string[]) {
    this.#schema = readSchema(file);
    this.#imported = imported.map(readSchema);
    this.#namespace = this.#schema.attribute('targetNamespace') ?? '';
  }

  /** What is wrong with an element; empty when it is valid. */
  problems(element: Element): string[] {
    const declaration = this.#named(this.#schema, 'element', element.name);
    if (element.namespace !== this.#namespace || !declaration) return [`<${element.name}/> is not declared`];
    return this.#check(element, declaration, element.name);
  }

  #check(element: Element, declaration: Element, path: string): string[] {
    const type = this.#typeOf(declaration);
    const problems: string[] = [];
    const attributes = type ? this.#attributes(type) : [];
    for (const [name, value] of Object.entries(element.attributes)) {
      const attribute = attributes.find((candidate) => candidate.name === name);
      if (!attribute) problems.push(`${path}/@${name} is not declared`);
      else if (!this.#isOfType(value, attribute.type)) problems.push(`${path}/@${name} is no ${attribute.type}`);
    }
    for (const { name, isRequired } of attributes) {
      if (isRequired && element.attribute(name) === undefined) problems.push(`${path}/@${name} is missing`);
    }
    const children = type ? this.#children(type) : [];
    for (const child of element.elements) {
      const found = children.find(
        (candidate) => candidate.attribute('name') === child.name && child.namespace === this.#namespace,
      );
      // Other namespaces have schemas of their own.
      const isReference =
        children.some((candidate) => candidate.attribute('ref')?.endsWith(`:${child.name}`)) ||
        children.some((candidate) => candidate.name === 'any' && candidate.attribute('namespace') === child.namespace);
      if (found) problems.push(...this.#check(child, found, `${path}/${child.name}`));
      else if (!isReference) problems.push(`${path}/${child.name} is not declared`);
    }
    return problems;
  }

  #typeOf(declaration: Element): Element | undefined {
    const inline = declaration.child('complexType', XSD);
    if (inline) return inline;
    const name = declaration.attribute('type');
    return name === undefined || name.startsWith('xs:') ? undefined : this.#named(this.#schema, 'complexType', name);
  }

  #attributes(type: Element): Attribute[] {
    return type.elements.flatMap((part): Attribute[] => {
      switch (part.name) {
        case 'attribute': {
          const name = part.attribute('name') ?? part.attribute('ref') ?? '';
          return [
            { name, type: part.attribute('type') ?? 'xs:string', isRequired: part.attribute('use') === 'required' },
          ];
        }
        case 'attributeGroup': {
          const reference = part.attribute('ref') ?? '';
          const [, local] = reference.split(':');
          const group = local
            ? this.#imported.map((schema) => this.#named(schema, 'attributeGroup', local)).find((found) => found)
            : this.#named(this.#schema, 'attributeGroup', reference);
          if (!group) throw new Error(`no attributeGroup ${part.attribute('ref')}`);
          return this.#attributes(group);
        }
        case 'complexContent':
        case 'simpleContent':
          return this.#attributes(part);
        case 'extension':
          return [...this.#attributesOfBase(part.attribute('base') ?? ''), ...this.#attributes(part)];
        case 'choice':
        case 'sequence':
        case 'annotation':
          return [];
        default:
          throw new Error(`<xs:${part.name}/> is not known here`);
      }
    });
  }

  #attributesOfBase(base: string): Attribute[] {
    const type = base.startsWith('xs:') ? undefined : this.#named(this.#schema, 'complexType', base);
    return type ? this.#attributes(type) : [];
  }

  #children(type: Element): Element[] {
    return type.elements.flatMap((part) => {
      const reference = part.name === 'element' ? part.attribute('ref') : undefined;
      if (reference !== undefined) return [this.#named(this.#schema, 'element', reference) ?? part];
      if (part.name === 'element' || part.name === 'any') return [part];
      if (!['choice', 'sequence', 'complexContent', 'extension'].includes(part.name)) return [];
      const base = this.#named(this.#schema, 'complexType', part.attribute('base') ?? '');
      return [...(base ? this.#children(base) : []), ...this.#children(part)];
    });
  }

  #isOfType(value: string, type: string): boolean {
    const check = SIMPLE_TYPES[type];
    if (check) return check(value);
    const restriction = this.#named(this.#schema, 'simpleType', type)?.child('restriction', XSD);
    if (!restriction) throw new Error(`no type ${type}`);
    const least = restriction.child('minExclusive', XSD)?.attribute('value');
    if (least !== undefined) return isFiniteDouble(value) && Number(value) > Number(least);
    const choices = restriction.childrenNamed('enumeration', XSD);
    if (choices.length > 0) return choices.some((choice) => choice.attribute('value') === value);
    const pattern = restriction.child('pattern', XSD)?.attribute('value');
    return pattern !== undefined && new RegExp(`^(?:${pattern})$`).test(value);
  }

  #named(parent: Element, kind: string, name: string): Element | undefined {
    return parent.childrenNamed(kind, XSD).find((candidate) => candidate.attribute('name') === name);
  }
}

function readSchema(file: string): Element {
  const text = readFileSync(fileURLToPath(new URL(`../src/${file}`, import.meta.url)), 'utf8');
  // The parser is for streams, which have no comments.
  return parseElement(text.replaceAll(/<!--[\s\S]*?-->/g, ''));
}
