// The same of an MQTT client (the npm package `mqtt`) that publishes to mosquitto with QoS 1.
import { mosquitto } from '../battery/mqtt.mjs';
import { reading } from './thingward-day.mjs';

/** @returns rows; none, with the reason, where something is missing */
export async function mqttDay(directory, certificate, modules, readings) {
  const broker = await mosquitto(directory, certificate, modules);
  if (broker.skipped) return { rows: [], skipped: broker.skipped };
  try {
    const rows = [];
    for (const [form, text] of [
      [
        'JSON',
        ({ value, at }) => JSON.stringify({ n: 'Temperature', v: Number(value), u: 'Cel', t: at.getTime() / 1000 }),
      ],
      [
        'XML of XEP-0323',
        ({ value, at }) =>
          `<fields xmlns='urn:xmpp:iot:sensordata' seqnr='0' done='true'><node nodeId='n'><timestamp value='${at.toISOString()}'><numeric name='Temperature' momentary='true' automaticReadout='true' value='${value}' unit='°C'/></timestamp></node></fields>`,
      ],
    ]) {
      broker.relay.reset();
      const link = await broker.open(broker.relay.port, 'sensor', { clean: true });
      for (let n = 0; n < readings; n++)
        await link.publishAsync('things/sensor/Temperature', text(reading(n)), { qos: 1 });
      await link.endAsync();
      await new Promise((resolve) => setTimeout(resolve, 100));
      rows.push({ name: `MQTT, QoS 1, ${form}`, ...broker.relay.count });
    }
    return { rows };
  } finally {
    broker.stop();
  }
}
