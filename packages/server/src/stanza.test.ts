import { type Frame, StreamReader, xml } from '@thingward/xml';
import { Jid, message, NS } from '@thingward/xmpp';
import { describe, expect, it } from 'vitest';
import { Stanza } from './stanza.ts';

const romeo = Jid.parse('romeo@localhost/r');
const juliet = Jid.parse('juliet@localhost');
const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** The stanza as it is read from a stream of this content namespace; `f` is a prefix the stream's header binds. */
function inStream(content: string, namespace: string = NS.client): Frame {
  const reader = new StreamReader();
  reader.push(utf8(`<stream:stream xmlns='${namespace}' xmlns:stream='${NS.stream}' xmlns:f='urn:f'>${content}`));
  reader.next();
  const event = reader.next();
  if (event?.kind !== 'frame') throw new Error('expected a frame');
  return event.frame;
}

describe('a stanza that came in', () => {
  it.each([
    [NS.client, `<message to='a@b' id='1'><body>hi</body></message>`],
    [NS.server, `<message to='a@b' id='1'><body>hi</body></message>`],
    [NS.client, `<message xmlns='jabber:client' to='a@b' id='1'><body>hi</body></message>`],
    [NS.server, `<message xmlns="jabber:server" to='a@b' id='1'><body>hi</body></message>`],
    [NS.client, `<message to='a@b' id='1' from='romeo@localhost/r'><body>hi</body></message>`],
    [NS.client, `<message to='a@b' id='1' from='romeo@localhost'><body>hi</body></message>`],
    [NS.client, `<c:message xmlns:c='jabber:client' to='a@b' id='1'><c:body>hi</c:body></c:message>`],
    [NS.server, `<s:message xmlns:s='jabber:server' to='a@b' id='1'><body>hi</body></s:message>`],
  ])('from a stream of %s: %s is the same in all streams', (namespace, xml) => {
    const stanza = Stanza.received(inStream(xml, namespace), romeo, juliet);
    for (const other of [NS.client, NS.server, 'jabber:component:accept']) {
      const { element } = inStream(text(stanza.streamBytes), other);
      expect(element.namespace).toBe(other);
      expect(element.child('body')?.text).toBe('hi');
      expect(element.attribute('from')).toBe('romeo@localhost/r');
      expect(element.attribute('id')).toBe('1');
    }
    expect(stanza.element.is('message', NS.client)).toBe(true);
    expect(stanza.element.child('body', NS.client)?.text).toBe('hi');
    expect(stanza).toMatchObject({ kind: 'message', id: '1', payload: { name: 'body' } });
  });

  it('goes on byte by byte as it came, with the address it has', () => {
    const stanza = Stanza.received(inStream(`<message  to="a@b"><x xmlns='u' a="&#65;"/></message>`), romeo, juliet);
    expect(text(stanza.streamBytes)).toBe(
      `<message from='romeo@localhost/r'  to="a@b"><x xmlns='u' a="&#65;"/></message>`,
    );
    expect(text(stanza.messageBytes)).toContain(`<message xmlns='jabber:client' from=`);
    expect(stanza.size).toBe(stanza.streamBytes.length);
    const parts: string[] = [];
    Stanza.received(inStream(`<message/>`), romeo, juliet).appendTo({
      append: (bytes, start, end) => parts.push(text(bytes.subarray(start, end))),
    });
    expect(parts.join('')).toBe(`<message from='romeo@localhost/r'/>`);
  });

  it('gets one more child without being read', () => {
    const child = xml('id', { xmlns: 'urn:id', by: `a'b` });
    for (const [before, payload] of [
      [`<message to='juliet@localhost' id='1' type='chat'><body>&lt;/&gt;</body></message>`, 'body'],
      [`<message to='juliet@localhost'><x><![CDATA[</message>]]></x></message >`, 'x'],
      [`<message to='juliet@localhost'>text</message>`, 'id'],
      [`<message to='juliet@localhost' a='/>'/>`, 'id'],
      [`<message to='juliet@localhost'/>`, 'id'],
    ] as const) {
      const stanza = Stanza.received(inStream(before), romeo, juliet);
      const longer = stanza.appended(child);
      expect(longer.element.toString()).toBe(stanza.element.append(child).toString());
      const { type, id, from, to, kind } = stanza;
      expect(longer).toMatchObject({ type, id, from, to, kind, payload: { name: payload } });
      expect(text(longer.messageBytes)).toContain(`<message xmlns='jabber:client'`);
      expect(longer.size).toBe(longer.streamBytes.length);
    }
  });

  it('tells what children it has, without a tree', () => {
    const stanza = Stanza.received(
      inStream(`<message><body/><n:x xmlns:n='urn:&#110;'><y/></n:x></message>`),
      romeo,
      juliet,
    );
    expect(stanza.hasChild('body', 'jabber:client')).toBe(true);
    expect(stanza.hasChild('x', 'urn:n')).toBe(true);
    expect(stanza.hasChild('y', 'urn:n')).toBe(false);
    expect(stanza.hasChild('body', 'urn:n')).toBe(false);
  });

  it('tells so of any number of children', () => {
    const children = Array.from({ length: 100 }, (_, i) => `<x${i} xmlns='urn:x'/>`).join('');
    const stanza = Stanza.received(inStream(`<message>${children}</message>`), romeo, juliet);
    for (const i of [0, 31, 32, 33, 99]) expect(stanza.hasChild(`x${i}`, 'urn:x')).toBe(true);
    expect(stanza.hasChild('x100', 'urn:x')).toBe(false);
  });

  it('takes no prefix of its stream with it', () => {
    const stanza = Stanza.received(inStream(`<message><f:x/></message>`), romeo, juliet);
    expect(inStream(text(stanza.streamBytes).replaceAll('urn:f', 'urn:g')).element.elements[0]?.namespace).toBe(
      'urn:g',
    );
    expect(stanza.element.elements[0]?.namespace).toBe('urn:f');
  });

  it('escapes what an address may have', () => {
    const stanza = Stanza.received(inStream('<message/>'), Jid.parse(`a@b/<'&`), juliet);
    expect(stanza.element.attribute('from')).toBe(`a@b/<'&`);
  });
});

describe('a stanza the server made', () => {
  it('is the same for each of many but for its address', () => {
    const element = message('headline', { id: 'n' }, 'text');
    const copies = [...Stanza.copies(element, romeo, [juliet, Jid.parse('mercutio@b/x')])];
    expect(copies.map((copy) => copy.element.attribute('to'))).toEqual(['juliet@localhost', 'mercutio@b/x']);
    expect(copies.map((copy) => copy.to?.toString())).toEqual(['juliet@localhost', 'mercutio@b/x']);
    expect(copies.every((copy) => copy.element.attribute('from') === 'romeo@localhost/r')).toBe(true);
  });

  it('can be given another address', () => {
    const stanza = Stanza.received(inStream(`<message to='a@b'/>`), romeo, juliet).readdressed(Jid.parse('c@d'));
    expect(stanza.element.attribute('to')).toBe('c@d');
    expect(stanza.from.toString()).toBe('romeo@localhost/r');
  });
});
