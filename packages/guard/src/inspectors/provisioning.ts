import { type PacketInspector, unknownOperation } from '../packet-inspector.ts';

const PROTOCOL = 'provisioning';
/** Questions to the provisioning server, and what it says of its own accord. It is for the server to answer and for the Thing to trust. */
const QUESTIONS = new Set([
  'getToken',
  'getTokenChallengeResponse',
  'tokenChallenge',
  'isFriend',
  'canRead',
  'canControl',
  'canAccess',
  'clearCache',
  'userLoggedIn',
  'hasPrivilege',
  'downloadPrivileges',
  'getCertificate',
]);
/** What makes a Thing trust somebody else, or not any more; what an owner decides. @see XEP-0324 §3.2.3 */
const ACTS = new Set([
  'friend',
  'unfriend',
  'isFriendRule',
  'canReadRule',
  'canControlRule',
  'clearCaches',
  'reconfigure',
]);
const SUFFIX = 'Response';

/** Provisioning: advice whom to trust is `administer`, questions are `browse`. @see XEP-0324 */
export const provisioningInspector: PacketInspector = {
  protocol: PROTOCOL,
  actions: ['browse', 'administer'],
  namespaces: [
    'urn:xmpp:iot:provisioning',
    ...['nf', 'ieee'].flatMap((name) => ['d', 'o', 't'].map((part) => `urn:${name}:iot:prov:${part}:1.0`)),
  ],
  answers: new Set([...QUESTIONS].map((name) => name + SUFFIX)),
  about: 'addressee',
  inspect(payload, { to: jid }) {
    const { name } = payload;
    if (name.endsWith(SUFFIX)) return [];
    const resource = { kind: 'thing', jid } as const;
    const text = payload.attribute('jid');
    if (QUESTIONS.has(name)) return [{ action: 'browse', resource, facts: { protocol: PROTOCOL, name, text } }];
    if (ACTS.has(name)) return [{ action: 'administer', resource, facts: { protocol: PROTOCOL, name, text } }];
    return [unknownOperation(PROTOCOL, resource, payload, `there is no <${name}/> in it`)];
  },
};
