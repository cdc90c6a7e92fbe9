import { type Element, parseElement, XmlError, xml } from '@thingward/xml';
import { Jid } from '../../jid.ts';
import { FindingError } from './finding-error.ts';
import type { FoundServer } from './found-server.ts';

/** Type of the device that an XMPP server is. XEP-0347 §3.3.3 leaves it open, and nobody has registered one. */
export const UPNP_DEVICE_TYPE = 'urn:thingward:device:XmppServer:1';
/** What a description says of XMPP; schema: upnp-description.xsd. */
export const UPNP_XMPP = 'urn:thingward:upnp:1';
const DEVICE = 'urn:schemas-upnp-org:device-1-0';

/** A server as its description tells of it. */
export interface DescribedServer {
  /** Unique name of the device: `uuid:` and a UUID. */
  readonly udn: string;
  readonly domain: string;
  readonly doors: readonly { readonly tls: 'direct' | 'starttls'; readonly port: number }[];
  /** JIDs. @see XEP-0347 §3.3.2.2 */
  readonly registries: readonly string[];
  readonly provisioningServers: readonly string[];
  /** Of the software. */
  readonly version: string;
  /** Number of this description, from 0 to 16777215. */
  readonly configId: number;
}

const MAX_DOORS = 16;

/** The description document. @see UPnP Device Architecture 2.0 §2.3 */
export function encodeDescription(server: DescribedServer): string {
  const { udn, domain, doors, registries, provisioningServers, version, configId } = server;
  const text = (name: string, value: string) => xml(name, {}, value);
  const device = xml(
    'device',
    {},
    text('deviceType', UPNP_DEVICE_TYPE),
    text('friendlyName', `XMPP server of ${domain}`.slice(0, 63)),
    text('manufacturer', 'Thingward'),
    text('modelDescription', 'XMPP server for Things'),
    text('modelName', 'Thingward'),
    text('modelNumber', version.slice(0, 31)),
    text('UDN', udn),
    xml(
      'xmpp',
      { xmlns: UPNP_XMPP, domain },
      doors.map(({ tls, port }) => xml('door', { tls, port })),
      registries.map((jid) => text('registry', jid)),
      provisioningServers.map((jid) => text('provisioning', jid)),
    ),
  );
  const root = xml(
    'root',
    { xmlns: DEVICE, configId },
    xml('specVersion', {}, text('major', '2'), text('minor', '0')),
    device,
  );
  return `<?xml version="1.0" encoding="utf-8"?>\n${root}\n`;
}

/**
 * The doors of which a description tells.
 * @param host where it was read: the doors are there, too
 * @throws FindingError `malformed`
 */
export function serversInDescription(text: string, host: string): readonly FoundServer[] {
  const server = xmppIn(text);
  if (!server) throw new FindingError('malformed', `SSDP: the description of ${host} tells of no XMPP server`);
  const domain = domainOf(server.attribute('domain'), host);
  const jids = (name: string) =>
    server.childrenNamed(name, UPNP_XMPP).flatMap((each) => Jid.tryParse(each.text.trim())?.toString() ?? []);
  const [registries, provisioningServers] = [jids('registry'), jids('provisioning')];
  return server
    .childrenNamed('door', UPNP_XMPP)
    .slice(0, MAX_DOORS)
    .flatMap((door): FoundServer[] => {
      const [tls, port] = [door.attribute('tls'), Number(door.attribute('port'))];
      if ((tls !== 'direct' && tls !== 'starttls') || !Number.isInteger(port) || port < 1 || port > 65_535) return [];
      return [
        {
          ...{ method: 'ssdp', domain, host, port, tls },
          ...(registries.length > 0 && { registries }),
          ...(provisioningServers.length > 0 && { provisioningServers }),
        },
      ];
    });
}

function xmppIn(text: string): Element | undefined {
  try {
    return parseElement(text).child('device', DEVICE)?.child('xmpp', UPNP_XMPP);
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

function domainOf(text: string | undefined, host: string): string {
  const jid = Jid.tryParse(text ?? '');
  if (jid && jid.local === undefined && jid.resource === undefined) return jid.domain;
  throw new FindingError('malformed', `SSDP: the description of ${host} has no domain`);
}
