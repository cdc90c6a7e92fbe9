import type { Element } from '@thingward/xml';
import { attributeOf, isNode, namedNode, namedNodes } from '../named-nodes.ts';
import type { ActionName, FoundOperation } from '../operation.ts';
import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'concentrator';

/** Told about nodes and queries; answers end in `Response`. @see XEP-0326 §3.4, §3.6.5 */
const EVENTS = [
  'nodeAdded',
  'nodeUpdated',
  'nodeStatusChanged',
  'nodeRemoved',
  'nodeMovedUp',
  'nodeMovedDown',
  'queryProgress',
  'sniff',
];
const SUFFIX = 'Response';

/** What each request does. @see XEP-0326 §3 */
const ACTIONS: readonly (readonly [RegExp, ActionName])[] = [
  [/^(get[A-Z]\w*|containsNodes?)$/, 'browse'],
  [/^(subscribe|unsubscribe|registerSniffer|unregisterSniffer)$/, 'subscribe'],
  [/^startDatabaseReadout$/, 'read'],
  [/^(execute|abort)(Common)?Node(Command|Query)$/, 'execute'],
  [/^(set(Common)?NodeParametersAfterEdit|createNewNode|destroyNode|moveNodes?(Up|Down))$/, 'edit'],
];

/** Concentrators: nodes are browsed and edited, commands and queries executed. @see XEP-0326 */
export const concentratorInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['browse', 'subscribe', 'read', 'execute', 'edit'],
  namespaces: ['urn:xmpp:iot:concentrators', 'urn:nf:iot:concentrator:1.0', 'urn:ieee:iot:concentrator:1.0'],
  answers: new Set([...EVENTS, ...answersTo()]),
  about: 'addressee',
  inspect(payload, { to: jid }) {
    const { name } = payload;
    if (EVENTS.includes(name) || name.endsWith(SUFFIX)) return [];
    const action = ACTIONS.find(([pattern]) => pattern.test(name))?.[1];
    if (action === undefined) {
      return [unknownOperation(PROTOCOL, { kind: 'thing', jid }, payload, `there is no <${name}/> in it`)];
    }
    return nodesOf(payload, jid).map(
      ({ resource, ...rest }): FoundOperation => ({
        action,
        resource,
        facts: { protocol: PROTOCOL, name: attributeOf(payload, ['command', 'cmd']) ?? name, ...rest },
      }),
    );
  },
};

/** Nodes are named by attributes of the request, or by its children. */
function nodesOf(payload: Element, jid: string): readonly ReturnType<typeof namedNode>[] {
  const own = namedNode(payload, jid);
  const hasChildren = payload.elements.some((child) => isNode(child, payload));
  if (!hasChildren) return [own];
  const named = namedNodes(payload, jid);
  return own.resource.node === undefined ? named : [own, ...named];
}

function answersTo(): readonly string[] {
  return ['getNode', 'getNodes', 'getAllNodes', 'getChildNodes', 'executeNodeCommand'].map((name) => name + SUFFIX);
}
