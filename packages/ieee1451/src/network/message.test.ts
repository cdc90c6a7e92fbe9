import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NETWORK_OCTETS } from '../../test/arbitrary-messages.ts';
import { NO_VECTORS, VECTORS } from '../../test/vectors.ts';
import {
  decodeMqttPayload,
  decodeNetworkMessage,
  encodeMqttPayload,
  encodeNetworkMessage,
  formatDuration,
  formatHex,
  Ieee1451Error,
  mqttTopic,
  NETWORK_SERVICES,
  networkMessageFromXml,
  networkMessageToXml,
  parseDuration,
  parseHex,
  parseMqttTopic,
  tedsClassName,
} from '../index.ts';

const APP = '11'.repeat(16);
const NCAP = '22'.repeat(16);
const TIM = '33'.repeat(16);
const octets = (text: string) => parseHex(text.replaceAll(' ', '')) as Uint8Array;

describe('network messages', () => {
  it('reads a sample', () => {
    const command = octets(`02 01 01 003b ${APP}${NCAP}${TIM} 0007 05 00012a05f2000000`);
    const message = decodeNetworkMessage(command);
    expect(message).toEqual({
      serviceType: 2,
      serviceId: 1,
      messageType: 1,
      body: {
        appId: '11111111-1111-1111-1111-111111111111',
        ncapId: '22222222-2222-2222-2222-222222222222',
        timId: '33333333-3333-3333-3333-333333333333',
        channelId: 7,
        samplingMode: 'immediate',
        timeoutSeconds: '5',
      },
    });
    expect(encodeNetworkMessage(message)).toEqual(command);
    const reply = octets(
      `02 01 02 0042 0000 ${APP}${NCAP}${TIM} 0007 3330 2e35 00 000067010203 00000009`.replace('0042', '0043'),
    );
    expect(decodeNetworkMessage(reply, { keepLength: true }).body).toMatchObject({
      errorCode: 0,
      value: '30.5',
      seconds: 0x67010203,
      nanoseconds: 9,
    });
  });

  it('lists the TIMs of an NCAP', () => {
    const message = {
      serviceType: 1,
      serviceId: 9,
      messageType: 2,
      body: {
        errorCode: 0,
        appId: '11111111-1111-1111-1111-111111111111',
        ncapId: '22222222-2222-2222-2222-222222222222',
        tims: ['33333333-3333-3333-3333-333333333333', '44444444-4444-4444-4444-444444444444'],
        names: ['Boiler', 'Töpfe & <more>'],
      },
    };
    const encoded = encodeNetworkMessage(message);
    expect(decodeNetworkMessage(encoded)).toEqual(message);
    expect(networkMessageFromXml(parseElement(String(networkMessageToXml(message))))).toEqual(message);
    const { names: _, ...without } = message.body;
    expect(() => encodeNetworkMessage({ ...message, body: without })).toThrow('names is missing');
    expect(() => encodeNetworkMessage({ ...message, body: { ...without, names: ['one'] } })).toThrow('of one length');
  });

  it('of any octets are the same after XML', () => {
    let understood = 0;
    fc.assert(
      fc.property(NETWORK_OCTETS, (before) => {
        const message = decodeNetworkMessage(before);
        if (!('octets' in message.body)) understood++;
        expect(formatHex(encodeNetworkMessage(message))).toBe(formatHex(before));
        const again = networkMessageFromXml(parseElement(String(networkMessageToXml(message))));
        expect(formatHex(encodeNetworkMessage(again))).toBe(formatHex(before));
      }),
      { numRuns: 1000 },
    );
    expect(understood).toBeGreaterThan(300);
  });

  it('with a wrong length are refused, or carried with it', () => {
    const wrong = octets('01 02 03 0000 2222');
    expect(() => decodeNetworkMessage(wrong)).toThrow(
      'the length says that 0 octets follow, and there are 2 (at octet 3)',
    );
    const message = decodeNetworkMessage(wrong, { keepLength: true });
    expect(message).toMatchObject({ length: 0, body: { octets: '2222' } });
    expect(encodeNetworkMessage(networkMessageFromXml(networkMessageToXml(message)))).toEqual(wrong);
  });

  it('has names that are one service each', () => {
    expect(new Set(NETWORK_SERVICES.map(({ name }) => name)).size).toBe(10 + 20 + 4 + 12);
  });
});

describe('durations', () => {
  it('are exact in decimal digits', () => {
    expect(formatDuration(1n)).toBe('0.0000000000000152587890625');
    expect(parseDuration('5')).toBe(0x12a05f2000000n);
    expect(['', '1e3', '140738', '.5', '-'].map(parseDuration)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (units) => {
        expect(parseDuration(formatDuration(units))).toBe(units);
      }),
    );
  });
});

describe('MQTT payloads', () => {
  it('are seen to be binary, hexadecimal or base64', () => {
    fc.assert(
      fc.property(NETWORK_OCTETS, fc.constantFrom('binary', 'hex', 'base64'), (message, encoding) => {
        expect(decodeMqttPayload(encodeMqttPayload(message, encoding))).toEqual({ encoding, octets: message });
      }),
    );
    for (const payload of ['', 'hello world', '012']) {
      expect(() => decodeMqttPayload(new TextEncoder().encode(payload))).toThrow(Ieee1451Error);
    }
  });

  it('have topics', () => {
    expect(mqttTopic('PLANT', 'NCAP-1')).toBe('_1451.1.6/D0/PLANT/NCAP-1');
    expect(parseMqttTopic('_1451.1.6/D0')).toEqual([]);
    expect(parseMqttTopic(mqttTopic('PLANT', 'NCAP-1'))).toEqual(['PLANT', 'NCAP-1']);
    expect(parseMqttTopic('home/D0')).toBeUndefined();
    expect(() => mqttTopic('a/b')).toThrow('"a/b" can\'t be part of a topic');
  });
});

const MESSAGES = VECTORS.filter(({ serviceType }) => serviceType !== undefined);

describe('captured messages', () => {
  it('are there', ({ skip }) => {
    if (NO_VECTORS) skip(NO_VECTORS);
    expect(MESSAGES.length).toBeGreaterThan(5);
  });

  it.each(MESSAGES)('$name: $hex', ({ hex, decoded, serviceType, serviceId, messageType, topic }) => {
    const message = decodeNetworkMessage(parseHex(hex) as Uint8Array, { keepLength: true });
    expect(message).toMatchObject({ serviceType, serviceId, messageType });
    expect(formatHex(encodeNetworkMessage(message))).toBe(hex);
    expect(formatHex(encodeNetworkMessage(networkMessageFromXml(networkMessageToXml(message))))).toBe(hex);
    if (topic) expect(parseMqttTopic(topic)).toHaveLength(2);
    const { tedsHex, checksumValid: _valid, tlv: _tlv, tedsAccessCode, addressType, ...same } = decoded ?? {};
    if (tedsHex !== undefined) expect(message.body.tedsOctets).toBe(tedsHex);
    if (tedsAccessCode !== undefined) expect(message.body.teds).toBe(tedsClassName(Number(tedsAccessCode)));
    if (addressType !== undefined)
      expect(message.body.addressType).toBe(addressType === 1 ? 'ipv4' : String(addressType));
    for (const [name, value] of Object.entries(same)) {
      const expected =
        name === 'timeoutSeconds' ? String(value) : name === 'samplingMode' ? samplingMode(Number(value)) : value;
      expect(message.body[name], name).toEqual(expected);
    }
  });
});

function samplingMode(code: number): string {
  return ['trigger-initiated', 'free-running', 'free-running-pre-trigger', 'continuous', 'immediate'][code - 1] ?? '';
}
