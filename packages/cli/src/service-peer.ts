import { COMPONENT, type Logger, Roster, XmppClient, XmppComponent } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import type { ServiceConfig } from './service-config.ts';

const COMPONENT_PORT = 5347;

/** The connection of a service to a server that is not in this process: of a component (XEP-0114), or of a client. */
export type ServicePeer = XmppComponent | XmppClient;

export function servicePeer({ identity, server }: ServiceConfig, log: Logger): ServicePeer {
  const { host, tls = 'starttls', fingerprint } = server;
  if ('secret' in identity) {
    const { domain, secret } = identity;
    const { host: where = '127.0.0.1', port = COMPONENT_PORT } = server;
    const connect = tcpConnector({ domain, host: where, port, tls: 'none', namespace: COMPONENT });
    return new XmppComponent({ domain, secret, connect, log });
  }
  const { jid, password, ca } = identity;
  const { port = tls === 'direct' ? 5223 : 5222 } = server;
  const client = new XmppClient({
    jid,
    password,
    tag: 'service',
    connect: tcpConnector({ domain: jid.domain, host: host ?? jid.domain, port, tls, trust: { fingerprint, ca } }),
    log,
  });
  // Requests for friendship come to those alone that have asked for their roster (RFC 6121 §2.2).
  new Roster(client);
  return client;
}
