import { parseElement } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import type { FoundOperation } from '../operation.ts';
import type { InspectedStanza } from '../packet-inspector.ts';
import { ieee1451Inspector } from './ieee1451.ts';

const NCAP = '11111111-1111-4111-8111-111111111111';
const TIM = '22222222-2222-4222-8222-222222222222';
const AT = `ncap='${NCAP}' tim='${TIM}' channel='2'`;
const NODE = `${NCAP}/${TIM}/2`;
const STANZA: InspectedStanza = { kind: 'iq', type: 'set', from: 'ana@a.b', to: 'mcap.a.b', isNested: false };

const found = (xml: string, stanza: Partial<InspectedStanza> = {}) =>
  ieee1451Inspector.inspect(parseElement(xml.replace(/^<([\w-]+)/, "<$1 xmlns='urn:thingward:ieee1451:1'")), {
    ...STANZA,
    ...stanza,
  });
const short = ({ action, resource, facts }: FoundOperation) =>
  [action, resource.node, facts.name, facts.channel, facts.text, facts.number]
    .filter((part) => part !== undefined)
    .join(' ');

describe('the exchanges', () => {
  it.each([
    ['<discover/>', ['browse discover']],
    [`<discover ncap='${NCAP}' tim='${TIM}'/>`, [`browse ${NCAP}/${TIM} discover`]],
    [`<interface ${AT}/>`, [`browse ${NODE} interface 2`]],
    [`<read ${AT}/>`, [`read ${NODE} read 2`]],
    [
      `<read ${AT.toUpperCase().replace(/NCAP=|TIM=|CHANNEL=/g, (name) => name.toLowerCase())}/>`,
      [`read ${NODE} read 2`],
    ],
    [`<history ${AT}/>`, [`read ${NODE} history 2`]],
    [`<stream ${AT} interval='100'/>`, [`subscribe ${NODE} stream 2`]],
    ['<follow/>', ['subscribe follow']],
    [`<write ${AT}><sample>0.5</sample></write>`, [`write ${NODE} write 2 0.5 0.5`]],
    [
      `<write ${AT}><sample>1</sample><sample>7.00001</sample><sample octets='01'/></write>`,
      [
        `write ${NODE} write 2 1 1.0`,
        `write ${NODE} write 2 7.00001 7.0`,
        `write ${NODE} write 2 7.00001 7.0001`,
        `write ${NODE} write 2 01`,
      ],
    ],
    [`<announce lease='90'/>`, ['publish announce']],
    ['<unfollow/>', []],
    ["<stop stream='x'/>", []],
    ['<resources/>', []],
  ])('%s', (xml, expected) => {
    expect(found(xml).map(short)).toEqual(expected);
  });

  it('are about a service at an MCAP, and about a Thing at an NCAP', () => {
    expect(found(`<read ${AT}/>`)[0]?.resource).toEqual({ kind: 'service', jid: 'mcap.a.b', node: NODE });
    const atNcap = found(`<read ${AT}/>`, { to: 'gateway@a.b' })[0]?.resource;
    expect(atNcap).toEqual({ kind: 'thing', jid: 'gateway@a.b', node: NODE });
  });

  it('are answers where they are told', () => {
    expect(found(`<interface ${AT}/>`, { type: 'result' })).toEqual([]);
    expect(found('<left/>', { kind: 'message', type: 'headline' })).toEqual([]);
    expect(found('<left/>').map(short)).toEqual(['publish left']);
    // Inside something else nobody knows what it is.
    expect(found(`<read ${AT}/>`, { type: 'result', isNested: true })).toHaveLength(1);
  });
});

describe('network messages and commands', () => {
  const ids = `<value name='appId'>${NCAP}</value><value name='ncapId'>${NCAP}</value><value name='timId'>${TIM}</value>`;
  it.each([
    [
      `<message service='channel-discovery' type='command'>${ids}</message>`,
      [`browse ${NCAP}/${TIM} channel-discovery`],
    ],
    [
      `<message service='read-sample' type='1'>${ids}<value name='channelId'>2</value><value name='samplingMode'>immediate</value><value name='timeoutSeconds'>5</value></message>`,
      [`read ${NODE} read-sample 2`],
    ],
    [
      "<message service='write-sample' type='command'><value name='octets'>beef</value></message>",
      ['write write-sample beef'],
    ],
    [
      "<message serviceType='2' serviceId='7' type='command'><value name='octets'>00</value></message>",
      ['write write-sample 00'],
    ],
    ["<message service='write-teds' type='command'><value name='octets'>00</value></message>", ['edit write-teds 00']],
    [
      "<message service='subscribe-channel' type='command'><value name='octets'>00</value></message>",
      ['subscribe subscribe-channel 00'],
    ],
    ["<message service='ncap-departure' type='announcement'><value name='octets'>00</value></message>", []],
    ["<message serviceType='9' serviceId='9' type='command'/>", ['unknown']],
    ["<command channel='1' name='query-teds'><value name='accessCode'>3</value></command>", ['read query-teds 1 3']],
    [
      "<command channel='3' name='write-data-set-segment'><value name='offset'>0</value><value name='octets'>3f000000</value></command>",
      ['write write-data-set-segment 3 3f000000'],
    ],
    [
      "<command channel='1' name='set-sampling-mode'><value name='mode'>5</value></command>",
      ['edit set-sampling-mode 1 5'],
    ],
    ["<command channel='0' name='reset'/>", ['execute reset 0']],
    ["<command channel='0' class='128' function='1'/>", ['unknown 0']],
  ])('%s', (xml, expected) => {
    expect(found(xml).map(short)).toEqual(expected);
  });
});

it.each([
  '<read/>',
  `<read ncap='x' tim='${TIM}' channel='1'/>`,
  `<write ${AT}><sample>open</sample></write>`,
  "<message service='nothing' type='command'/>",
  "<command channel='70000' name='reset'/>",
  '<melt/>',
])('does not understand %s', (xml) => {
  expect(found(xml)).toMatchObject([{ action: 'unknown', facts: { protocol: 'ieee1451' } }]);
});
