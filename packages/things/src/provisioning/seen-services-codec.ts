import { type Element, xml } from '@thingward/xml';
import { Jid, type RequestOptions, type XmppPeer } from '@thingward/xmpp';
import {
  expectElement,
  optionalOutgoingText,
  outgoingText,
  PayloadError,
  requiredAttribute,
  valid,
} from '../thing/payload.ts';
import { PROVISIONING_OWNER } from './rule-codec.ts';

/** A service that has asked about its users, or may, and what was heard of it. @see XEP-0324 §5.4 */
export interface SeenService {
  /** SHA-256 of its certificate, in hexadecimal. */
  readonly certificate: string;
  /** Bare JID of who showed the certificate first; undefined when nobody has. */
  readonly jid?: Jid | undefined;
  /** In the configuration; undefined when it is not there, and is told no. */
  readonly name?: string | undefined;
  readonly privileges: readonly string[];
  readonly users: readonly string[];
}

/** @param services undefined: asks for them @throws PayloadError for what can't be written */
export function encodeSeenServices(services: readonly SeenService[] = []): Element {
  return xml(
    'services',
    { xmlns: PROVISIONING_OWNER },
    services.map(({ certificate, jid, name, privileges, users }) =>
      xml(
        'service',
        {
          certificate: outgoingText(certificate, 'services/service/@certificate'),
          jid: jid?.bare.toString(),
          name: optionalOutgoingText(name, 'services/service/@name'),
        },
        privileges.map((id) => xml('privilege', {}, outgoingText(id, 'services/service/privilege'))),
        users.map((user) => xml('user', {}, outgoingText(user, 'services/service/user'))),
      ),
    ),
  );
}

/** @throws PayloadError */
export function decodeSeenServices(element: Element): readonly SeenService[] {
  expectElement(element, 'services', PROVISIONING_OWNER);
  return element.childrenNamed('service').map((service, i) => {
    const path = `services/service[${i + 1}]`;
    const jid = service.attribute('jid');
    return {
      certificate: requiredAttribute(service, 'certificate', path),
      jid: jid === undefined ? undefined : valid(Jid.tryParse(jid)?.bare, `${path}/@jid`, 'a JID', jid),
      name: service.attribute('name'),
      privileges: service.childrenNamed('privilege').map(({ text }) => text),
      users: service.childrenNamed('user').map(({ text }) => text),
    };
  });
}

/** What a provisioning server of ours has heard of services. @throws StanzaError `forbidden` to who does not administrate it; PayloadError, PeerError */
export async function listSeenServices(
  peer: XmppPeer,
  server: Jid,
  options?: RequestOptions,
): Promise<readonly SeenService[]> {
  const answer = await peer.request('get', server, encodeSeenServices(), options);
  if (answer === undefined) throw new PayloadError('unexpected-element', 'iq', 'the answer is empty');
  return decodeSeenServices(answer);
}
