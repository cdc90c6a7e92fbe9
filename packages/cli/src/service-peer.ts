import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { COMPONENT, type Logger, presence, XmppClient, XmppComponent } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { CommandError } from './errors.ts';
import type { ServiceConfig } from './service-config.ts';

/** How a service that runs by itself reaches the network: as a component of a server, or as one of its accounts. */
export function servicePeer(config: ServiceConfig, log: Logger): XmppComponent | XmppClient {
  const { account, directory, domain = '', secret = '', server } = config;
  const { host, tls } = server;
  if (!account) {
    const port = server.port ?? 5347;
    return new XmppComponent({
      domain,
      secret,
      connect: tcpConnector({ domain, host, port, tls: 'none', namespace: COMPONENT }),
      log,
    });
  }
  const read = (file: string) => {
    try {
      return readFileSync(resolve(directory, file), 'utf8');
    } catch (error) {
      throw new CommandError((error as Error).message);
    }
  };
  const { jid, password, passwordFile } = account;
  const client = new XmppClient({
    jid: jid.bare,
    password: password ?? read(passwordFile as string).trim(),
    tag: 'service',
    connect: tcpConnector({
      domain: jid.domain,
      host,
      port: server.port ?? (tls === 'direct' ? 5223 : 5222),
      tls,
      trust: { fingerprint: server.fingerprint, ca: server.ca === undefined ? undefined : read(server.ca) },
    }),
    log,
  });
  // Its friends find it by its presence.
  client.onOnline((isResumed) => {
    if (!isResumed) client.send(presence(undefined, {}));
  });
  return client;
}
