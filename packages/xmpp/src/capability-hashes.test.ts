import { createHash } from 'node:crypto';
import { parseElement } from '@thingward/xml';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CAPABILITY_HASHES,
  capabilityHashInput,
  capabilityHashNode,
  encodeCapabilityHashes,
  findCapabilityHashes,
  HASHES,
  parseCapabilityHashNode,
} from './capability-hashes.ts';
import { DISCO_INFO } from './disco.ts';

const query = (content: string, lang = '') => parseElement(`<query xmlns='${DISCO_INFO}'${lang}>${content}</query>`);
const features = (names: string) =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => `<feature var='${name}'/>`)
    .join('');
const field = (name: string, value: string, type = '') =>
  `<field ${type} var='${name}'><value>${value}</value></field>`;
const form = (content: string, type = 'hidden') =>
  `<x xmlns='jabber:x:data' type='result'>${field('FORM_TYPE', 'urn:xmpp:dataforms:softwareinfo', `type='${type}'`)}${content}</x>`;
const P = 'http://jabber.org/protocol';

/** §4.5.1 */
const SIMPLE =
  `<identity category='client' name='BombusMod' type='mobile'/>` +
  features(`${P}/si ${P}/bytestreams ${P}/chatstates ${P}/disco#info ${P}/disco#items urn:xmpp:ping jabber:iq:time
    jabber:iq:privacy jabber:iq:version ${P}/rosterx urn:xmpp:time jabber:x:oob ${P}/ibb ${P}/si/profile/file-transfer
    urn:xmpp:receipts jabber:iq:roster jabber:iq:last`);
/** §4.5.2 */
const COMPLEX =
  `<identity category='client' name='Tkabber' type='pc' xml:lang='en'/>` +
  `<identity category='client' name='Ткаббер' type='pc' xml:lang='ru'/>` +
  features(`games:board ${P}/activity ${P}/activity+notify ${P}/bytestreams ${P}/chatstates ${P}/commands ${P}/disco#info
    ${P}/disco#items ${P}/evil ${P}/feature-neg ${P}/geoloc ${P}/geoloc+notify ${P}/ibb ${P}/iqibb ${P}/mood ${P}/mood+notify
    ${P}/rosterx ${P}/si ${P}/si/profile/file-transfer ${P}/tune http://www.facebook.com/xmpp/messages
    http://www.xmpp.org/extensions/xep-0084.html#ns-metadata+notify jabber:iq:avatar jabber:iq:browse jabber:iq:dtcp
    jabber:iq:filexfer jabber:iq:ibb jabber:iq:inband jabber:iq:jidlink jabber:iq:last jabber:iq:oob jabber:iq:privacy
    jabber:iq:roster jabber:iq:time jabber:iq:version jabber:x:data jabber:x:event jabber:x:oob
    urn:xmpp:avatar:metadata+notify urn:xmpp:ping urn:xmpp:receipts urn:xmpp:time`) +
  form(
    field('software', 'Tkabber') +
      field('software_version', '0.11.1-svn-20111216-mod (Tcl/Tk 8.6b2)') +
      field('os', 'Windows') +
      field('os_version', 'XP'),
  );

const hash = (algorithm: string, content: string) => {
  const input = capabilityHashInput(query(content));
  return input && createHash(algorithm).update(input).digest('base64');
};

describe('XEP-0390 Entity Capabilities 2.0', () => {
  it.each([
    [
      'the simple example',
      SIMPLE,
      'kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=',
      '79mdYAfU9rEdTOcWDO7UEAt6E56SUzk/g6TnqUeuD9Q=',
    ],
    [
      'the complex example',
      COMPLEX,
      'u79ZroNJbdSWhdSp311mddz44oHHPsEBntQ5b1jqBSY=',
      'XpUJzLAc93258sMECZ3FJpebkzuyNXDzRNwQog8eycg=',
    ],
  ])('%s has its hashes (§4.5)', (_, content, sha256, sha3) => {
    expect(hash('sha256', content)).toBe(sha256);
    expect(hash('sha3-256', content)).toBe(sha3);
  });

  it('the parts are separated as the example shows (§4.5.1)', () => {
    const input = capabilityHashInput(query(`<identity category='client' name='BombusMod' type='mobile'/>`));
    expect(new TextDecoder().decode(input)).toBe('\x1cclient\x1fmobile\x1f\x1fBombusMod\x1f\x1e\x1c\x1c');
  });

  it('a language that is not said is that of what is around (§4.1)', () => {
    const identity = (lang: string) => `<identity category='client' type='pc'${lang}/>`;
    const said = capabilityHashInput(query(identity(` xml:lang='en'`)));
    expect(capabilityHashInput(query(identity(''), ` xml:lang='en'`))).toEqual(said);
    expect(capabilityHashInput(query(identity('')), 'en')).toEqual(said);
    expect(capabilityHashInput(query(identity('')))).not.toEqual(said);
  });

  it('what else is in an answer has no hash (§4.1)', () => {
    for (const wrong of [
      `${SIMPLE}<other xmlns='urn:other'/>`,
      SIMPLE + form('<reported/>'),
      SIMPLE + form('<item/>'),
      SIMPLE + form('', 'text-single'),
      `${SIMPLE}<x xmlns='jabber:x:data' type='result'>${field('os', 'Mac')}</x>`,
    ]) {
      expect(capabilityHashInput(query(wrong))).toBeUndefined();
    }
  });

  it('does not depend on the order of anything, and is ordered by octets', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', '\u{1f600}', '\ue000', '\ufffd', '\ud7ff') }), {
          minLength: 1,
        }),
        (names) => {
          const texts = names.map((name) => `<feature var='${name}'/>`);
          const input = capabilityHashInput(query(texts.join('')));
          expect(capabilityHashInput(query([...texts].reverse().join('')))).toEqual(input);
          const parts = new TextDecoder().decode(input).split('\x1c')[0]?.split('\x1f').slice(0, -1) ?? [];
          const octets = parts.map((part) => Buffer.from(`${part}\x1f`));
          expect([...octets].sort(Buffer.compare)).toEqual(octets);
        },
      ),
    );
  });

  it('hashes are told, and name the node to ask (§4.3, §5.4)', () => {
    const hashes = [
      { algorithm: 'sha-256', value: 'u79ZroNJbdSWhdSp311mddz44oHHPsEBntQ5b1jqBSY=' },
      { algorithm: 'sha3-256', value: 'XpUJzLAc93258sMECZ3FJpebkzuyNXDzRNwQog8eycg=' },
    ];
    const presence = (c: string) => parseElement(`<presence xmlns='jabber:client'>${c}</presence>`);
    expect(findCapabilityHashes(presence(encodeCapabilityHashes(hashes).toString()))).toEqual(hashes);
    const wrong = `<c xmlns='${CAPABILITY_HASHES}'><hash xmlns='${HASHES}'>x</hash><hash xmlns='${HASHES}' algo='sha-256'/></c>`;
    expect(findCapabilityHashes(presence(wrong))).toEqual([]);
    expect(findCapabilityHashes(presence(''))).toEqual([]);
    expect(capabilityHashNode(hashes[0] as (typeof hashes)[0])).toBe(
      'urn:xmpp:caps#sha-256.u79ZroNJbdSWhdSp311mddz44oHHPsEBntQ5b1jqBSY=',
    );
  });

  it('a node is taken apart at its last full stop, as algorithms may have one (§6.2)', () => {
    const odd = { algorithm: 'sha-2.56', value: 'AAAA' };
    expect(parseCapabilityHashNode(capabilityHashNode(odd))).toEqual(odd);
    for (const node of [
      'urn:xmpp:caps#',
      'urn:xmpp:caps#sha-256',
      'urn:xmpp:caps#.x',
      'urn:xmpp:caps#sha-256.',
      'other',
    ]) {
      expect(parseCapabilityHashNode(node)).toBeUndefined();
    }
  });
});
