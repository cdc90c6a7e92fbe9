import { CONTROL_DIALECTS, PARAMETER_TYPES } from '@thingward/things';
import type { Element } from '@thingward/xml';
import { DATA_FORM_NAMESPACE } from '@thingward/xmpp';
import { decimalsAround } from '../decimal.ts';
import { attributeOf, isNode, isTrue, namedNodes } from '../named-nodes.ts';
import type { DecimalText, FoundOperation } from '../operation.ts';
import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'control';
/** Elements of typed values, in full and abbreviated. @see XEP-0325 §3.2; Neuro-Foundation, Simple Control Actions */
const SETTINGS: ReadonlySet<string> = new Set([
  ...PARAMETER_TYPES,
  ...['b', 'cl', 'd', 'dt', 'db', 'dr', 'e', 'i', 'l', 's', 't'],
]);
const BOOLEANS: ReadonlySet<string> = new Set(['boolean', 'b']);
const ANSWERS = new Set(['setResponse', 'resp', 'paramError', 'pGroup', 'parameterGroup']);
/** Fields of a form that say which form it is. @see XEP-0325 §3.3.3 */
const HIDDEN = new Set(['FORM_TYPE', 'xdd session']);

/** Control: a `set` of each parameter with its value at each node, `browse` for control forms. @see XEP-0325 §3 */
export const controlInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['browse', 'set'],
  namespaces: CONTROL_DIALECTS.map(({ namespace }) => namespace),
  answers: ANSWERS,
  about: 'addressee',
  inspect(payload, { to: jid }) {
    if (ANSWERS.has(payload.name)) return [];
    const nodes = namedNodes(payload, jid);
    if (payload.name === 'getForm') {
      return nodes.map(({ resource, ...rest }) => ({
        action: 'browse',
        resource,
        facts: { protocol: PROTOCOL, name: 'getForm', ...rest },
      }));
    }
    if (payload.name !== 'set') {
      return [unknownOperation(PROTOCOL, { kind: 'thing', jid }, payload, `there is no <${payload.name}/> in it`)];
    }
    return nodes.flatMap((node) => settings(payload, node));
  },
};

function settings(
  set: Element,
  { resource, ...rest }: ReturnType<typeof namedNodes>[number],
): readonly FoundOperation[] {
  const operations = set.elements.flatMap((child): readonly FoundOperation[] => {
    if (child.is('x', DATA_FORM_NAMESPACE)) return formSettings(child, resource, rest);
    if (child.namespace !== set.namespace || isNode(child, set)) return [];
    const name = attributeOf(child, set.namespace.startsWith('urn:xmpp:') ? ['name'] : ['n']);
    const text = attributeOf(child, set.namespace.startsWith('urn:xmpp:') ? ['value'] : ['v']);
    if (!SETTINGS.has(child.name) || name === undefined || text === undefined) {
      return [unknownOperation(PROTOCOL, resource, child, `<${child.name}/> in <set/> is no parameter with a value`)];
    }
    return setOperations({ resource, name, text, isBoolean: BOOLEANS.has(child.name), ...rest });
  });
  // A command without parameters does nothing that is known.
  return operations.length === 0
    ? [unknownOperation(PROTOCOL, resource, set, '<set/> without a parameter')]
    : operations;
}

/** A form that is submitted; each value of a field counts. @see XEP-0325 §3.3.3 */
export function formSettings(
  form: Element,
  resource: FoundOperation['resource'],
  rest: { readonly sourceId?: string; readonly cacheType?: string } = {},
): readonly FoundOperation[] {
  return form.childrenNamed('field').flatMap((field) => {
    const name = field.attribute('var');
    if (name === undefined || HIDDEN.has(name)) return [];
    const values = field.childrenNamed('value').map(({ text }) => text);
    return (values.length === 0 ? [''] : values).flatMap((text) => setOperations({ resource, name, text, ...rest }));
  });
}

interface Setting {
  readonly resource: FoundOperation['resource'];
  readonly name: string;
  readonly text: string;
  /** Is `1` true rather than one? It counts as both. */
  readonly isBoolean?: boolean;
  readonly sourceId?: string;
  readonly cacheType?: string;
}

/** One for each decimal the value is judged by. */
function setOperations({ resource, name, text, isBoolean = false, ...rest }: Setting): readonly FoundOperation[] {
  const trimmed = text.trim();
  const numbers: readonly (DecimalText | undefined)[] =
    isBoolean || trimmed === 'true' || trimmed === 'false'
      ? decimalsAround(isTrue(trimmed) ? '1' : '0')
      : decimalsAround(trimmed);
  return (numbers.length === 0 ? [undefined] : numbers).map((number) => ({
    action: 'set',
    resource,
    facts: { protocol: PROTOCOL, name, text: trimmed, number, ...rest },
  }));
}
