import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Element, isXmlText, parseElement, type StreamEvent, StreamReader, XmlError, xml } from './index.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('parseElement', () => {
  it('reads names, namespaces, attributes and text', () => {
    const iq = parseElement(
      `<iq xmlns='jabber:client' type="get" xml:lang='en' xmlns:a='urn:a' a:b='1'><q xmlns='urn:q'>x &lt;&#x41;&amp; y</q><a:r/></iq>`,
    );
    expect(iq.name).toBe('iq');
    expect(iq.namespace).toBe('jabber:client');
    expect({ ...iq.attributes }).toEqual({ type: 'get', 'xml:lang': 'en', '{urn:a}b': '1' });
    expect(iq.child('q', 'urn:q')?.text).toBe('x <A& y');
    expect(iq.childIn('urn:a')?.name).toBe('r');
    expect(iq.child('q')).toBeUndefined();
  });

  it('joins text and CDATA and normalises line ends and attribute white space', () => {
    const element = parseElement("<a b='1\t2\r\n3&#10;4'>x\r\ny<![CDATA[<&]]&gt;\r]]>z</a>");
    expect(element.attribute('b')).toBe('1 2 3\n4');
    expect(element.children).toEqual(['x\ny<&]]&gt;\nz']);
  });

  it('keeps prototype names harmless', () => {
    const element = parseElement("<a __proto__='x' constructor='y'/>");
    expect(element.attribute('__proto__')).toBe('x');
    expect(String(element.with({ id: 'z' }))).toBe("<a __proto__='x' constructor='y' id='z'/>");
    expect(xml('a').attributes.constructor).toBeUndefined();
    expect(parseElement('<a/>').attribute('constructor')).toBeUndefined();
  });

  it.each([
    ['<a>', 'incomplete'],
    ['<a', 'incomplete'],
    ['', 'incomplete'],
    ['<a></b>', 'not-well-formed'],
    ['<a></a', 'incomplete'],
    ['<a/><b/>', 'not-well-formed'],
    ['<a b=1/>', 'not-well-formed'],
    ["<a b='1'c='2'/>", 'not-well-formed'],
    ["<a b='1' b='2'/>", 'not-well-formed'],
    ["<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>", 'not-well-formed'],
    ["<a b='<'/>", 'not-well-formed'],
    ['<a>]]></a>', 'not-well-formed'],
    ['<a>&</a>', 'not-well-formed'],
    ['<a>&#0;</a>', 'not-well-formed'],
    ['<a>&#xD800;</a>', 'not-well-formed'],
    ['<a>\u0001</a>', 'not-well-formed'],
    ['<1a/>', 'not-well-formed'],
    ['<a:/>', 'not-well-formed'],
    ['<a:b:c/>', 'not-well-formed'],
    ['<x:a/>', 'bad-namespace-prefix'],
    ["<a x:b='1'/>", 'bad-namespace-prefix'],
    ["<a xmlns:x=''/>", 'not-well-formed'],
    ["<a xmlns:xmlns='u'/>", 'not-well-formed'],
    ["<a xmlns:xml='u'/>", 'not-well-formed'],
    ['<a><!-- c --></a>', 'restricted-xml'],
    ['<a><?pi?></a>', 'restricted-xml'],
    ['<!DOCTYPE a><a/>', 'restricted-xml'],
    ['<a>&bomb;</a>', 'restricted-xml'],
    ["<?xml version='1.0' encoding='ISO-8859-1'?><a/>", 'unsupported-encoding'],
    ['text', 'not-well-formed'],
    ['</a>', 'not-well-formed'],
    ['</>', 'not-well-formed'],
    ['<', 'incomplete'],
    ['<a>'.repeat(129) + '</a>'.repeat(129), 'too-deep'],
    [`<a ${Array.from({ length: 65 }, (_, i) => `b${i}=''`).join(' ')}/>`, 'too-many-attributes'],
  ])('refuses %j as %s', (text, code) => {
    expect(() => parseElement(text)).toThrowError(expect.objectContaining({ name: 'XmlError', code }));
  });

  it.each([
    [[0xc0, 0x80], 3, 'unsupported-encoding'],
    [[0xed, 0xa0, 0x80], 3, 'unsupported-encoding'],
    [[0xf4, 0x90, 0x80, 0x80], 3, 'unsupported-encoding'],
    [[0xe0, 0x80, 0x80], 3, 'unsupported-encoding'],
    [[0xe2, 0x28, 0xa1], 4, 'unsupported-encoding'],
    [[0xef, 0xbf, 0xbf], 3, 'not-well-formed'],
  ])('refuses the bytes %j and says where', (bytes, offset, code) => {
    expect(() => parseElement(Uint8Array.of(0x3c, 0x61, 0x3e, ...bytes, 0x3c, 0x2f, 0x61, 0x3e))).toThrowError(
      expect.objectContaining({ code, offset }),
    );
  });
});

describe('xml()', () => {
  it('gives children the namespace of their parent', () => {
    const built = xml('iq', { xmlns: 'jabber:client', id: 1, to: undefined }, xml('a', {}, xml('b')), [null, 'text']);
    expect(built.child('a')?.child('b')?.namespace).toBe('jabber:client');
    expect(built.toString('jabber:client')).toBe("<iq id='1'><a><b/></a>text</iq>");
    expect(built.toString()).toBe("<iq xmlns='jabber:client' id='1'><a><b/></a>text</iq>");
  });

  it('declares a namespace only where it changes', () => {
    const built = xml('a', { xmlns: 'u' }, xml('b', { xmlns: 'v' }, xml('c', { xmlns: 'u' })), xml('d', { xmlns: '' }));
    expect(built.toString()).toBe("<a xmlns='u'><b xmlns='v'><c xmlns='u'/></b><d xmlns=''/></a>");
  });
});

const name = fc.stringMatching(/^[a-zA-Z_é][\w.é-]{0,8}$/);
const text = fc.string({ unit: 'binary', maxLength: 40 }).filter(isXmlText);
const attributes = fc.dictionary(name, text, { maxKeys: 4 });
const tree = fc.letrec<{ element: Element }>((tie) => ({
  element: fc
    .tuple(
      name,
      fc.constantFrom('jabber:client', 'urn:x', ''),
      attributes,
      fc.array(fc.oneof({ maxDepth: 4 }, text, tie('element')), { maxLength: 4 }),
    )
    .map(([n, ns, a, children]) => xml(n, { ...a, xmlns: ns }, ...children)),
})).element;

/** Adjacent strings are one in the infoset. */
function infoset(element: Element): unknown {
  const children: unknown[] = [];
  for (const child of element.children) {
    if (typeof child !== 'string') children.push(infoset(child));
    else if (typeof children.at(-1) === 'string') children.push((children.pop() as string) + child);
    else children.push(child);
  }
  return [element.name, element.namespace, Object.entries(element.attributes).sort(), children];
}

describe('properties', () => {
  it('what was written is read back', () => {
    fc.assert(
      fc.property(tree, (element) => {
        expect(infoset(parseElement(element.toString()))).toEqual(infoset(element));
      }),
    );
  });

  it('a stream cut anywhere gives the same frames', () => {
    fc.assert(
      fc.property(
        fc.array(tree, { maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (elements, cuts) => {
          const bytes = utf8(
            `<?xml version='1.0'?><s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>${elements.map((e) => e.toString('jabber:client')).join(' \n')}</s:stream>`,
          );
          const reader = new StreamReader();
          const events: StreamEvent[] = [];
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const step = cuts[i % cuts.length] as number;
            reader.push(bytes.slice(at, at + step));
            for (let event = reader.next(); event; event = reader.next()) events.push(event);
            at += step;
          }
          expect(events[0]?.kind).toBe('open');
          expect(events.at(-1)?.kind).toBe('close');
          const frames = events.flatMap((e) => (e.kind === 'frame' ? [infoset(e.frame.element)] : []));
          expect(frames).toEqual(elements.map(infoset));
        },
      ),
    );
  });

  it('never throws anything but XmlError', () => {
    const soup = fc.array(
      fc.constantFrom(
        '<',
        '>',
        '/',
        '=',
        "'",
        '"',
        '&',
        ';',
        'a',
        ':',
        'xmlns',
        ' ',
        '<![CDATA[',
        ']]>',
        '<a>',
        '</a>',
        '&lt;',
        '\u00e9',
        '!',
        '?',
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          soup.map((parts) => utf8(parts.join(''))),
          fc.uint8Array({ maxLength: 60 }),
        ),
        (bytes) => {
          for (const feed of [
            () => parseElement(bytes),
            () => {
              const reader = new StreamReader();
              reader.push(utf8("<s xmlns='u'>"));
              for (const byte of bytes) {
                reader.push(Uint8Array.of(byte));
                while (reader.next());
              }
            },
          ]) {
            try {
              feed();
            } catch (error) {
              expect(error).toBeInstanceOf(XmlError);
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('an attribute in a namespace with a brace', () => {
  it('is written as what it is: markup hidden in the namespace stays hidden', () => {
    const hidden = "u}b='1'><inject/><x y";
    const element = parseElement(`<a xmlns:p='${hidden.replace(/'/g, '&apos;').replace(/</g, '&lt;')}' p:b='2'/>`);
    const again = parseElement(element.toString());
    expect(again.elements).toEqual([]);
    expect(again.attributes).toEqual({ [`{${hidden}}b`]: '2' });
  });
});

describe('StreamReader', () => {
  const open = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='h'>";

  function reader(limits = {}) {
    const made = new StreamReader(limits);
    made.push(utf8(open));
    const event = made.next();
    expect(event).toMatchObject({ kind: 'open', header: { name: 'stream' } });
    return made;
  }

  it('gives the head of a stanza and its exact bytes', () => {
    const stream = reader();
    stream.push(utf8("<message to='a@b' from='c@d' id='1' type='chat'><body>hi</body><x xmlns='u'/></message>  "));
    const event = stream.next();
    if (event?.kind !== 'frame') throw new Error('expected a frame');
    expect(event.frame.head).toEqual({
      name: 'message',
      namespace: 'jabber:client',
      attributes: { to: 'a@b', from: 'c@d', id: '1', type: 'chat' },
      payload: { name: 'body', namespace: 'jabber:client' },
      otherChildren: [{ name: 'x', namespace: 'u' }],
      nameEnd: 8,
      declaration: undefined,
      prefixed: false,
    });
    expect(new TextDecoder().decode(event.frame.bytes)).toMatch(/^<message .*<\/message>$/);
    expect(event.frame.selfContained).toBe(true);
    expect(stream.next()).toBeUndefined();
    expect(stream.pendingBytes).toBe(0);
  });

  it('knows a frame that depends on the stream header', () => {
    const stream = reader();
    stream.push(utf8('<stream:features/>'));
    const event = stream.next();
    expect(event?.kind === 'frame' && event.frame.selfContained).toBe(false);
    expect(event?.kind === 'frame' && event.frame.element.namespace).toBe('http://etherx.jabber.org/streams');
  });

  it('reads a second header after a restart', () => {
    const stream = reader();
    stream.push(utf8(`<auth/>${open}<b/>`));
    expect(stream.next()?.kind).toBe('frame');
    stream.restart();
    expect(stream.next()?.kind).toBe('open');
    expect(stream.next()?.kind).toBe('frame');
  });

  it('holds no more than the limit of an unfinished element', () => {
    const stream = reader({ maxElementBytes: 1000 });
    stream.push(utf8('<a>'));
    expect(stream.next()).toBeUndefined();
    expect(() => {
      for (let i = 0; i < 200; i++) {
        stream.push(utf8('xxxxxxxxxx'));
        stream.next();
      }
    }).toThrowError(expect.objectContaining({ code: 'too-large' }));
  });

  it('refuses an element over the limit even when it came in one piece', () => {
    const stream = reader({ maxElementBytes: 100 });
    stream.push(utf8(`<a>${'x'.repeat(200)}</a>`));
    expect(() => stream.next()).toThrowError(expect.objectContaining({ code: 'too-large' }));
  });

  it('counts offsets from the start of the connection', () => {
    const stream = reader();
    stream.push(utf8('<a/> <b></c>'));
    stream.next();
    expect(() => stream.next()).toThrowError(expect.objectContaining({ offset: open.length + 10 }));
  });

  it.each([[[0xff, 0xfe, 0x3c, 0x00]], [[0xfe, 0xff, 0x00, 0x3c]], [[0x00, 0x3c, 0x00, 0x3f]]])(
    'says of a stream that begins with %j that its encoding is unknown',
    (bytes) => {
      const stream = new StreamReader();
      stream.push(Uint8Array.from(bytes));
      expect(() => stream.next()).toThrowError(expect.objectContaining({ code: 'unsupported-encoding', offset: 0 }));
    },
  );

  it('refuses text between stanzas and a wrong end tag', () => {
    const stream = reader();
    stream.push(utf8('hello'));
    expect(() => stream.next()).toThrowError(expect.objectContaining({ code: 'not-well-formed' }));
    for (const end of [utf8('</stream>'), utf8('</stream:streams>'), Uint8Array.of(0x3c, 0x2f, 0xeb, 0x71, 0x3e)]) {
      const other = reader();
      other.push(end);
      expect(() => other.next()).toThrowError(expect.objectContaining({ code: 'not-well-formed' }));
    }
    const spaced = reader();
    spaced.push(utf8('</stream:stream \n>'));
    expect(spaced.next()).toEqual({ kind: 'close' });
  });
});
