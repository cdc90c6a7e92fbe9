import { Element } from '@thingward/xml';
import { DATA_FORM_NAMESPACE } from '@thingward/xmpp';
import type { ControlDialect } from '../control/dialect.ts';
import { CONTROL_DIALECTS } from '../control/dialects.ts';
import { type NodeReference, nodeKey } from '../thing/node.ts';
import { PayloadError } from '../thing/payload.ts';

/** What is left of a command when a later one was given. */
export interface Superseded {
  /** Names of the parameters that the later one sets for the same nodes. */
  readonly parameters: readonly string[];
  /** The command without them; undefined when it sets nothing any more. */
  readonly rest: Element | undefined;
}

/**
 * Takes out of a `<set/>` that waits what a later one sets anyway, whichever dialects they are in. A command for more nodes than the
 * later one stays as it is: both are carried out in their order, which comes to the same.
 * @throws PayloadError for what is no `<set/>`, or can't be read
 * @see docs/battery-powered.md §5.4
 */
export function supersede(earlier: Element, later: Element): Superseded {
  const unchanged = { parameters: [], rest: earlier };
  const [dialect, laterDialect] = [dialectOf(earlier), dialectOf(later)];
  if (!coversNodes(laterDialect.decodeRequest(later).nodes, dialect.decodeRequest(earlier).nodes)) return unchanged;
  const replaced = new Set(parameterNames(later, laterDialect));
  const parameters = [...new Set(parameterNames(earlier, dialect).filter((name) => replaced.has(name)))];
  if (parameters.length === 0) return unchanged;
  const children = earlier.elements.flatMap((child) => {
    const name = dialect.settingName(child);
    if (name !== undefined) return replaced.has(name) ? [] : [child];
    if (!child.is('x', DATA_FORM_NAMESPACE)) return [child];
    const fields = child.elements.filter((field) => !replaced.has(formParameter(field) ?? ''));
    return [withContent(child, fields)];
  });
  const rest = withContent(earlier, children);
  return { parameters, rest: parameterNames(rest, dialect).length === 0 ? undefined : rest };
}

function dialectOf(set: Element): ControlDialect {
  const dialect = CONTROL_DIALECTS.find(({ namespace }) => set.is('set', namespace));
  if (dialect) return dialect;
  throw new PayloadError('unexpected-element', set.name, 'expected a <set/> of control');
}

function withContent({ name, namespace, attributes }: Element, content: readonly Element[]): Element {
  return new Element(name, namespace, attributes, content);
}

/** The parameters a `<set/>` sets, by elements and by its form. */
function parameterNames(set: Element, dialect: ControlDialect): readonly string[] {
  const settings = set.elements.flatMap((child) => dialect.settingName(child) ?? []);
  const form = set.child('x', DATA_FORM_NAMESPACE)?.elements.flatMap((field) => formParameter(field) ?? []) ?? [];
  return [...settings, ...form];
}

function formParameter(field: Element): string | undefined {
  const name = field.name === 'field' && field.attribute('type') !== 'hidden' ? field.attribute('var') : undefined;
  return name === 'FORM_TYPE' ? undefined : name;
}

function coversNodes(after: readonly NodeReference[], before: readonly NodeReference[]): boolean {
  if (before.length === 0 || after.length === 0) return before.length === after.length;
  const keys = new Set(after.map(nodeKey));
  return before.every((node) => keys.has(nodeKey(node)));
}
