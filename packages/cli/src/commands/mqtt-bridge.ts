import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { MqttBridge, mqttBridgeConfigSchema, mqttBroker } from '@thingward/gateway/mqtt';
import { COMPONENT, Jid, XmppComponent } from '@thingward/xmpp';
import { tcpConnector } from '@thingward/xmpp/node';
import { findFile, loadConfigFile } from '../config-file.ts';
import { CommandError } from '../errors.ts';
import { createLogger } from '../logging.ts';
import { say } from '../output.ts';
import { CANDIDATES } from '../paths.ts';
import { untilStopped } from '../shutdown.ts';

/** What `thingward service` calls it. */
export const MQTT_BRIDGE_NAME = 'mqtt-bridge';

/** Runs the bridge to NCAPs on an MQTT broker until it is told to end. @throws CommandError when the server refuses it for good */
export async function runMqttBridge(given: string | undefined, logLevel: string): Promise<void> {
  const file = findFile('config', given, CANDIDATES.service);
  const config = loadConfigFile(file, mqttBridgeConfigSchema);
  const log = createLogger(logLevel);
  const { domain, secret, server, broker } = config;
  const read = (path: string) => {
    try {
      return readFileSync(resolve(dirname(file), path), 'utf8');
    } catch (error) {
      throw new CommandError(`${file}: ${(error as Error).message}`);
    }
  };
  const connect = tcpConnector({ domain, ...server, tls: 'none', namespace: COMPONENT });
  const peer = new XmppComponent({ domain, secret, connect, log });
  const bridge = new MqttBridge({
    peer,
    broker: mqttBroker({
      url: broker.url,
      username: broker.username,
      password: broker.passwordFile === undefined ? undefined : read(broker.passwordFile).trim(),
      ca: broker.ca === undefined ? undefined : read(broker.ca),
      log,
    }),
    mcap: config.mcap instanceof Jid ? config.mcap : Jid.parse(`mcap.${domain.slice(domain.indexOf('.') + 1)}`),
    appId: config.appId,
    places: config.places,
    encoding: config.encoding,
    readers: config.readers,
    timeoutMs: config.timeoutSeconds * 1000,
    refreshMs: config.refreshSeconds * 1000,
    log,
  });
  const refused = new Promise<never>((_, reject) => {
    peer.onState((state, error) => {
      if (state === 'online') say(`${MQTT_BRIDGE_NAME} ready at ${peer.jid.bare}, for NCAPs at ${broker.url}`);
      else if (state === 'failed') reject(error);
      else if (error) say(`${MQTT_BRIDGE_NAME}: ${error.message}`);
    });
  });
  bridge.start();
  await Promise.race([untilStopped(), refused]);
  await bridge.stop();
}
