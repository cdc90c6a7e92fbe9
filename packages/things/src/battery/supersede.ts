import { Element } from '@thingward/xml';
import { DATA_FORM_NAMESPACE } from '@thingward/xmpp';
import { CONTROL_NAMESPACE } from '../control/codec.ts';
import { PARAMETER_TYPES } from '../control/parameter.ts';
import { nodeKey } from '../thing/node.ts';
import { decodeNodes } from '../thing/payload.ts';

/** What is left of a command when a later one was given. */
export interface Superseded {
  /** Names of the parameters that the later one sets for the same nodes. */
  readonly parameters: readonly string[];
  /** The command without them; undefined when it sets nothing any more. */
  readonly rest: Element | undefined;
}

/**
 * Takes out of a `<set/>` that waits what a later one sets anyway. A command for more nodes than the later one stays as it is: both are
 * carried out in their order, which comes to the same.
 * @throws PayloadError for nodes that can't be read
 * @see docs/battery-powered.md §5.4
 */
export function supersede(earlier: Element, later: Element): Superseded {
  const unchanged = { parameters: [], rest: earlier };
  if (!coversNodes(later, earlier)) return unchanged;
  const replaced = new Set(parameterNames(later));
  const parameters = [...new Set(parameterNames(earlier).filter((name) => replaced.has(name)))];
  if (parameters.length === 0) return unchanged;
  const children = earlier.elements.flatMap((child) => {
    if (isSetting(child)) return replaced.has(child.attribute('name') ?? '') ? [] : [child];
    if (!child.is('x', DATA_FORM_NAMESPACE)) return [child];
    const fields = child.elements.filter((field) => !replaced.has(formParameter(field) ?? ''));
    return [withContent(child, fields)];
  });
  const rest = withContent(earlier, children);
  return { parameters, rest: parameterNames(rest).length === 0 ? undefined : rest };
}

function withContent({ name, namespace, attributes }: Element, content: readonly Element[]): Element {
  return new Element(name, namespace, attributes, content);
}

/** The parameters a `<set/>` sets, by elements and by its form. */
function parameterNames(set: Element): readonly string[] {
  const settings = set.elements.filter(isSetting).map((setting) => setting.attribute('name') ?? '');
  const form = set.child('x', DATA_FORM_NAMESPACE)?.elements.flatMap((field) => formParameter(field) ?? []) ?? [];
  return [...settings, ...form];
}

function isSetting({ name, namespace }: Element): boolean {
  return namespace === CONTROL_NAMESPACE && (PARAMETER_TYPES as readonly string[]).includes(name);
}

function formParameter(field: Element): string | undefined {
  const name = field.name === 'field' && field.attribute('type') !== 'hidden' ? field.attribute('var') : undefined;
  return name === 'FORM_TYPE' ? undefined : name;
}

function coversNodes(later: Element, earlier: Element): boolean {
  const [before, after] = [decodeNodes(earlier), decodeNodes(later)];
  if (before.length === 0 || after.length === 0) return before.length === after.length;
  const keys = new Set(after.map(nodeKey));
  return before.every((node) => keys.has(nodeKey(node)));
}
