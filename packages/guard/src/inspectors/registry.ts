import { Jid } from '@thingward/xmpp';
import { namedNode } from '../named-nodes.ts';
import type { FoundOperation, ResourceReference } from '../operation.ts';
import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'registry';
const ANSWERS = new Set(['found', 'registered', 'disowned', 'removed', 'claimed']);
/** What Things and owners do at the registry. @see XEP-0347 §3 */
const ACTS = new Set(['register', 'mine', 'remove', 'update', 'unregister', 'disown']);

/** Thing Registries: searches are `browse`; registering, claiming, disowning and the like `administer`. @see XEP-0347 */
export const registryInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['browse', 'administer'],
  namespaces: ['urn:xmpp:iot:discovery', 'urn:nf:iot:disco:1.0', 'urn:ieee:iot:disco:1.0'],
  answers: ANSWERS,
  about: 'others',
  inspect(payload, { from, to }) {
    const { name } = payload;
    if (ANSWERS.has(name)) return [];
    const service: ResourceReference = { kind: 'service', jid: to };
    if (name === 'search') return [found('browse', service, name)];
    if (!ACTS.has(name)) return [unknownOperation(PROTOCOL, service, payload, `there is no <${name}/> in it`)];
    // Who claims knows the Thing by its meta data alone: the registry finds out which it is.
    if (name === 'mine') return [found('administer', service, name)];
    const text = payload.attribute('jid');
    const jid = text === undefined ? from : Jid.tryParse(text)?.bare.toString();
    if (jid === undefined) return [unknownOperation(PROTOCOL, service, payload, 'its jid is no address')];
    const { resource, ...rest } = namedNode(payload, jid);
    return [found('administer', resource, name, rest)];
  },
};

function found(
  action: 'browse' | 'administer',
  resource: ResourceReference,
  name: string,
  rest: { readonly sourceId?: string; readonly cacheType?: string } = {},
): FoundOperation {
  return { action, resource, facts: { protocol: PROTOCOL, name, ...rest } };
}
