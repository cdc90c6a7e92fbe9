import { Ieee1451Error } from '../error.ts';
import { formatHex, parseHex } from '../octets.ts';

/** How a network message is written in MQTT. @see IEEE 1451.1.6 */
export type PayloadEncoding = 'binary' | 'hex' | 'base64';

/** Root of all topics of 1451.1.6, and the part after it that everybody listens to. */
export const MQTT_ROOT = '_1451.1.6';
export const MQTT_DISCOVERY = 'D0';

/** The octets of a payload. Messages begin with the type of a service, an octet below those of text, so the encoding is seen. */
export function decodeMqttPayload(payload: Uint8Array): {
  readonly encoding: PayloadEncoding;
  readonly octets: Uint8Array;
} {
  const [first] = payload;
  if (first === undefined) throw new Ieee1451Error('malformed-message', 'the payload is empty', { offset: 0 });
  if (first < 0x20) return { encoding: 'binary', octets: payload.slice() };
  const text = String.fromCharCode(...payload.subarray(0, MAX_TEXT_OCTETS + 1)).trim();
  if (payload.length <= MAX_TEXT_OCTETS) {
    const octets = parseHex(text);
    if (octets) return { encoding: 'hex', octets };
    if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
      return { encoding: 'base64', octets: Uint8Array.from(atob(text), (character) => character.charCodeAt(0)) };
    }
  }
  throw new Ieee1451Error(
    'malformed-message',
    'the payload is neither octets of a message, nor hexadecimal, nor base64',
    {
      offset: 0,
    },
  );
}

/** A message has 65540 octets at most, and so many characters in hexadecimal, with line ends around them. */
const MAX_TEXT_OCTETS = 2 * (0xffff + 5) + 16;

/** A payload in one of the encodings. */
export function encodeMqttPayload(octets: Uint8Array, encoding: PayloadEncoding): Uint8Array {
  if (encoding === 'binary') return octets;
  const text =
    encoding === 'hex' ? formatHex(octets) : btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(''));
  return new TextEncoder().encode(text);
}

/** The topic of messages for everybody, or of those in a place below it: a domain, an NCAP. */
export function mqttTopic(...path: readonly string[]): string {
  for (const part of path) {
    if (part !== '' && !/[/+#\0]/.test(part)) continue;
    throw new Ieee1451Error('limit-exceeded', `"${part}" can't be part of a topic`);
  }
  return [MQTT_ROOT, MQTT_DISCOVERY, ...path].join('/');
}

/** The places of a topic of 1451.1.6, none for that of everybody; undefined for other topics. */
export function parseMqttTopic(topic: string): readonly string[] | undefined {
  const [root, discovery, ...path] = topic.split('/');
  return root === MQTT_ROOT && discovery === MQTT_DISCOVERY ? path : undefined;
}
