import { parseElement, xml } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import { BLOCKING, blockedError, decodeBlocking, encodeBlocking } from './blocking.ts';
import { CARBONS, decodeCarbon, encodeCarbon } from './carbons.ts';
import { decodeEntityTime, ENTITY_TIME, encodeEntityTime } from './entity-time.ts';
import { decodeForwarded, encodeForwarded, FORWARDING } from './forwarding.ts';
import { hasHint } from './hints.ts';
import { Jid } from './jid.ts';
import { decodeLastActivity, encodeLastActivity, LAST_ACTIVITY } from './last-activity.ts';
import { decodeSoftwareVersion, encodeSoftwareVersion } from './software-version.ts';
import { encodeStanzaId, originId, STANZA_IDS, stanzaIds } from './stanza-ids.ts';

const message = parseElement(
  `<message xmlns='jabber:client' from='romeo@montague.example/home' to='juliet@capulet.example/balcony' type='chat'><body>Neither</body></message>`,
);

describe('XEP-0297 Stanza Forwarding', () => {
  it('is read as it is written', () => {
    const delay = { stamp: new Date('2010-07-10T23:08:25Z'), from: undefined, reason: undefined };
    expect(decodeForwarded(encodeForwarded({ stanza: message, delay }))).toEqual({ stanza: message, delay });
    expect(decodeForwarded(encodeForwarded({ stanza: message }))).toEqual({ stanza: message, delay: undefined });
  });

  it.each([`<forwarded xmlns='${FORWARDING}'/>`, `<forwarded xmlns='${FORWARDING}'><message xmlns='x'/></forwarded>`])(
    'refuses %s',
    (text) => expect(() => decodeForwarded(parseElement(text))).toThrow('no forwarded stanza'),
  );
});

const ROMEO = Jid.parse('romeo@montague.lit/orchard');

describe('XEP-0280 Message Carbons', () => {
  it.each(['sent', 'received'] as const)('a copy of a message that was %s', (direction) => {
    const copy = xml('message', { xmlns: 'jabber:client' }, encodeCarbon({ direction, message }));
    expect(decodeCarbon(copy, ROMEO)).toEqual({ direction, message });
    expect(decodeCarbon(copy.with({ from: 'romeo@montague.lit' }), ROMEO)).toEqual({ direction, message });
    for (const from of ['juliet@capulet.lit', 'romeo@montague.lit/other', 'montague.lit', '@']) {
      expect(decodeCarbon(copy.with({ from }), ROMEO)).toBeUndefined();
    }
  });

  it('other messages are no copies', () => {
    expect(decodeCarbon(message, ROMEO)).toBeUndefined();
    expect(decodeCarbon(parseElement(`<message><sent xmlns='${CARBONS}'/></message>`), ROMEO)).toBeUndefined();
  });
});

describe('XEP-0334 Message Processing Hints', () => {
  it('are found by name and namespace', () => {
    const hinted = parseElement(`<message><no-copy xmlns='urn:xmpp:hints'/><store xmlns='other'/></message>`);
    expect(hasHint(hinted, 'no-copy')).toBe(true);
    expect(hasHint(hinted, 'store')).toBe(false);
  });
});

describe('XEP-0359 Unique and Stable Stanza IDs', () => {
  it('reads those that are complete', () => {
    const by = Jid.parse('room@muc.example.org');
    const stanza = parseElement(
      `<message>${encodeStanzaId({ id: '5f3', by })}<stanza-id xmlns='${STANZA_IDS}' id='x'/><origin-id xmlns='${STANZA_IDS}' id='de3'/></message>`,
    );
    expect(stanzaIds(stanza)).toEqual([{ id: '5f3', by }]);
    expect(originId(stanza)).toBe('de3');
  });
});

describe('XEP-0191 Blocking Command', () => {
  it('addresses are read as they are written', () => {
    const jids = ['romeo@montague.net', 'iago.lit', 'a.b/c'].map((jid) => Jid.parse(jid));
    expect(decodeBlocking(encodeBlocking('block', jids))).toEqual(jids);
    expect(() => decodeBlocking(parseElement(`<block xmlns='${BLOCKING}'><item jid='@'/></block>`))).toThrow(
      'no address',
    );
  });

  it('the error names the reason', () => {
    expect(blockedError().toElement().toString()).toContain(`<blocked xmlns='urn:xmpp:blocking:errors'/>`);
    expect(blockedError()).toMatchObject({ condition: 'not-acceptable', type: 'cancel' });
  });
});

describe('XEP-0012, XEP-0092, XEP-0202', () => {
  it('last activity', () => {
    const example = parseElement(`<query xmlns='${LAST_ACTIVITY}' seconds='903'>Heading Home</query>`);
    expect(decodeLastActivity(example)).toEqual({ seconds: 903, status: 'Heading Home' });
    expect(encodeLastActivity({ seconds: 903, status: 'Heading Home' })).toEqual(example);
    expect(() => decodeLastActivity(parseElement(`<query xmlns='${LAST_ACTIVITY}' seconds='-1'/>`))).toThrow('seconds');
  });

  it('version', () => {
    const version = { name: 'Exodus', version: '0.7.0.4', os: 'Windows-XP 5.01.2600' };
    expect(decodeSoftwareVersion(encodeSoftwareVersion(version))).toEqual(version);
  });

  it.each([
    ['-06:00', -360],
    ['+05:45', 345],
    ['+00:00', 0],
  ])('time with zone %s', (tzo, offsetMinutes) => {
    const time = { utc: new Date('2006-12-19T17:58:35Z'), offsetMinutes };
    expect(encodeEntityTime(time).child('tzo')?.text).toBe(tzo);
    expect(decodeEntityTime(encodeEntityTime(time))).toEqual(time);
  });

  it('no time', () => {
    expect(() => decodeEntityTime(parseElement(`<time xmlns='${ENTITY_TIME}'><tzo>x</tzo></time>`))).toThrow('no time');
  });
});
