import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAPS, capsNode, capsVer, encodeCaps, findCaps } from './caps.ts';
import { DISCO_INFO } from './disco.ts';

const query = (content: string) => parseElement(`<query xmlns='${DISCO_INFO}'>${content}</query>`);
const feature = (name: string) => `<feature var='http://jabber.org/protocol/${name}'/>`;
const FEATURES = ['muc', 'disco#items', 'caps', 'disco#info'].map(feature).join('');
const form = (content: string, type = 'hidden') =>
  `<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='${type}'><value>urn:xmpp:dataforms:softwareinfo</value></field>${content}</x>`;
const field = (name: string, ...values: string[]) =>
  `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join('')}</field>`;
const SIMPLE = `<identity category='client' name='Exodus 0.9.1' type='pc'/>${FEATURES}`;

describe('entity capabilities (XEP-0115)', () => {
  it('have the verification strings of the examples (§5.2, §5.3)', async () => {
    expect(await capsVer(query(SIMPLE), 'sha-1')).toBe('QgayPKawpkPSDYmwT/WM94uAlu0=');
    const complex =
      `<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>` +
      `<identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>${FEATURES}` +
      form(
        [
          field('os', 'Mac'),
          field('ip_version', 'ipv6', 'ipv4'),
          field('software_version', '0.11'),
          field('os_version', '10.5.1'),
          field('software', 'Psi'),
        ].join(''),
      );
    expect(await capsVer(query(complex), 'sha-1')).toBe('q07IKJEyjvHSyhy//CH0CxmKi8w=');
    expect(await capsVer(query(complex), 'sha-256')).not.toBe(await capsVer(query(complex), 'sha-1'));
  });

  it('are refused when they are ill-formed, and forms without a hidden FORM_TYPE passed over (§5.4)', async () => {
    for (const wrong of [
      SIMPLE + feature('muc'),
      `${SIMPLE}<identity category='client' name='Exodus 0.9.1' type='pc'/>`,
      SIMPLE + form('') + form(''),
      SIMPLE + form('<field/>'),
      SIMPLE.replace('Exodus 0.9.1', 'Exodus&lt;urn:x'),
    ]) {
      expect(await capsVer(query(wrong), 'sha-1')).toBeUndefined();
    }
    expect(await capsVer(query(SIMPLE + form('', 'text-single')), 'sha-1')).toBe('QgayPKawpkPSDYmwT/WM94uAlu0=');
  });

  it('are told by presence', () => {
    const caps = {
      hash: 'sha-1',
      node: 'http://code.google.com/p/exodus',
      ver: 'QgayPKawpkPSDYmwT/WM94uAlu0=',
    } as const;
    const presence = (c: string) => parseElement(`<presence xmlns='jabber:client'>${c}</presence>`);
    expect(findCaps(presence(encodeCaps(caps).toString()))).toEqual(caps);
    expect(capsNode(caps)).toBe('http://code.google.com/p/exodus#QgayPKawpkPSDYmwT/WM94uAlu0=');
    for (const c of [
      '',
      `<c xmlns='${CAPS}' node='n' ver='1.0'/>`,
      `<c xmlns='${CAPS}' hash='md5' node='n' ver='v'/>`,
    ]) {
      expect(findCaps(presence(c))).toBeUndefined();
    }
  });

  it('do not depend on the order of anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.string({ unit: 'binary' }), { minLength: 1 }), async (names) => {
        const texts = names.map((name) => `<feature var='${Buffer.from(name).toString('base64')}\u{1f600}\ue000'/>`);
        const wanted = await capsVer(query(texts.join('')), 'sha-1');
        expect(await capsVer(query([...texts].reverse().join('')), 'sha-1')).toBe(wanted);
      }),
    );
  });
});
