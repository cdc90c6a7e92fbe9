import type { Logger } from '@thingward/xmpp';
import mqtt from 'mqtt';
import type { Broker } from './mqtt-bridge.ts';

const RECONNECT_MS = 5000;

export interface MqttBrokerOptions {
  /** `mqtt://host:port`, or `mqtts:` with TLS. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Certificates in PEM that a broker's is checked with, in place of those of Node.js. */
  readonly ca?: string | undefined;
  readonly log: Logger;
}

/** A connection to a broker that comes back by itself. What is sent meanwhile is lost: an answer that comes late helps nobody. */
export function mqttBroker({ url, username, password, ca, log }: MqttBrokerOptions): Broker {
  const client = mqtt.connect(url, {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
    reconnectPeriod: RECONNECT_MS,
    queueQoSZero: false,
    resubscribe: true,
  });
  let reason: string | undefined;
  client.on('error', (error) => {
    // Told once for each reason: it is tried again every few seconds.
    if (error.message !== reason) log.warn({ broker: url, reason: error.message }, 'the broker can’t be reached');
    reason = error.message;
  });
  client.on('connect', () => {
    reason = undefined;
    log.info({ broker: url }, 'connected to the broker');
  });
  return {
    publish(topic, payload) {
      if (client.connected) client.publish(topic, Buffer.from(payload));
    },
    subscribe(filter, onMessage) {
      client.on('message', (topic, payload) => onMessage(topic, payload));
      client.subscribe(filter, (error) => {
        if (error) log.error({ broker: url, filter, reason: error.message }, 'the broker refuses the subscription');
      });
    },
    onConnect(handler) {
      client.on('connect', () => handler());
      if (client.connected) handler();
    },
    async close() {
      await client.endAsync(true);
    },
  };
}
