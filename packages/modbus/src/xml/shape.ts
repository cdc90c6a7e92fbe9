import { type Element, xml } from '@thingward/xml';
import { type AttributeType, malformedXml } from './attribute.ts';

/** An attribute's type, whatever it is: what is read by it is only ever written by it. */
type AnyAttributeType = Pick<AttributeType<unknown>, 'expected' | 'parse' | 'isOptional'> & {
  // A method, so that types of all values fit.
  format(value: never): string;
};

/** An element by its attributes, and by the one kind of children it can have. The values have the names of the attributes. */
export interface Shape {
  readonly attributes: Readonly<Record<string, AnyAttributeType>>;
  readonly children?: {
    /** The name of the elements. */
    readonly element: string;
    /** The name of the value that holds them. */
    readonly property: string;
    readonly shape: Shape;
    /** Children that are one value each, not an object, have their one attribute's name here. */
    readonly bare?: string;
  };
}

type Values = Readonly<Record<string, unknown>>;

export function encodeShape(name: string, shape: Shape, values: Values, namespace?: string): Element {
  const attributes: Record<string, string | undefined> = { xmlns: namespace };
  for (const [attribute, type] of Object.entries(shape.attributes)) {
    const value = values[attribute];
    if (value === undefined) continue;
    attributes[attribute] = type.format(value as never);
  }
  const { children } = shape;
  if (!children) return xml(name, attributes);
  const { element, bare, shape: childShape } = children;
  const content = (values[children.property] as readonly unknown[]).map((child) =>
    encodeShape(element, childShape, bare === undefined ? (child as Values) : { [bare]: child }),
  );
  return xml(name, attributes, content);
}

/**
 * Strict: what the shape does not have is refused, as nobody could have judged it.
 * @throws ModbusError `malformed-xml`
 */
export function decodeShape(element: Element, shape: Shape, path: string): Record<string, unknown> {
  const { namespace } = element;
  for (const name of Object.keys(element.attributes)) {
    if (!Object.hasOwn(shape.attributes, name)) throw malformedXml(`${path}/@${name}`, 'no such attribute');
  }
  const values: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(shape.attributes)) {
    const text = element.attribute(name);
    if (text === undefined) {
      if (!type.isOptional) throw malformedXml(`${path}/@${name}`, 'is missing');
      continue;
    }
    const value = type.parse(text);
    if (value === undefined) throw malformedXml(`${path}/@${name}`, `${JSON.stringify(text)} is not ${type.expected}`);
    values[name] = value;
  }
  if (element.text.trim() !== '') throw malformedXml(path, 'holds text');
  const { children } = shape;
  const foreign = element.elements.find((child) => child.name !== children?.element || child.namespace !== namespace);
  if (foreign) throw malformedXml(`${path}/${foreign.name}`, 'no such element');
  if (children) {
    values[children.property] = element.elements.map((child, i) => {
      const decoded = decodeShape(child, children.shape, `${path}/${child.name}[${i + 1}]`);
      return children.bare === undefined ? decoded : decoded[children.bare];
    });
  }
  return values;
}
