import { xml } from '@thingward/xml';
import { describe, expect, it } from 'vitest';
import { ExiDecoder } from '../decoder.ts';
import { ExiEncoder } from '../encoder.ts';
import { compileSchema } from '../schema/compile.ts';
import type { Particle } from '../schema/components.ts';
import { GrammarBudget } from './budget.ts';
import { buildGrammars } from './build-grammars.ts';
import { contentModel } from './content-model.ts';
import { EVENT } from './event.ts';

const components = (content: string) =>
  compileSchema([
    {
      location: 'test.xsd',
      text: `<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns='urn:x' targetNamespace='urn:x'>${content}</xs:schema>`,
    },
  ]);

/** The content model of the element `e`, one state a line: what can come and where it leads, `.` where it may end. */
function states(content: string): readonly string[] {
  const set = components(`<xs:element name='e'><xs:complexType>${content}</xs:complexType></xs:element>`);
  const type = set.elements.get('{urn:x}e')?.type;
  const particle: Particle | undefined =
    type?.kind === 'complex' && type.content.kind === 'element-only' ? type.content.particle : undefined;
  return contentModel(particle, new GrammarBudget()).map(({ transitions, isEnd }) => {
    const steps = transitions.map(({ terminal, next }) => {
      const name =
        terminal.kind === 'element'
          ? terminal.element.name.name
          : terminal.kind === 'any'
            ? '*'
            : `${terminal.namespace}:*`;
      return `${name}>${next}`;
    });
    return [...steps, ...(isEnd ? ['.'] : [])].join(' ');
  });
}

const element = (name: string, occurs = '') => `<xs:element name='${name}' type='xs:int' ${occurs}/>`;
const OPTIONAL = "minOccurs='0'";
const ANY_NUMBER = "minOccurs='0' maxOccurs='unbounded'";

describe('content models', () => {
  it.each([
    ['a sequence', `<xs:sequence>${element('a')}${element('b', OPTIONAL)}</xs:sequence>`, ['a>1', 'b>2 .', '.']],
    ['a choice', `<xs:choice>${element('b')}${element('a')}</xs:choice>`, ['b>1 a>1', '.']],
    ['any number', `<xs:sequence>${element('a', ANY_NUMBER)}</xs:sequence>`, ['a>0 .']],
    [
      'two or three',
      `<xs:sequence>${element('a', "minOccurs='2' maxOccurs='3'")}</xs:sequence>`,
      ['a>1', 'a>2', 'a>3 .', '.'],
    ],
    [
      'a choice over and over, in the order of the schema',
      `<xs:choice ${ANY_NUMBER}>${element('b')}${element('a')}</xs:choice>`,
      ['b>0 a>0 .'],
    ],
    [
      'a sequence over and over',
      `<xs:sequence ${ANY_NUMBER}>${element('a', OPTIONAL)}${element('b', OPTIONAL)}</xs:sequence>`,
      ['a>0 b>0 .'],
    ],
    ['all of them in any order', `<xs:all>${element('a')}${element('b', OPTIONAL)}</xs:all>`, ['a>0 b>0 .']],
    [
      'wildcards',
      "<xs:sequence><xs:any namespace='urn:a urn:b' processContents='lax'/><xs:any namespace='##other' processContents='skip'/></xs:sequence>",
      ['urn:a:*>1 urn:b:*>1', '*>2', '.'],
    ],
    ['nothing', '<xs:sequence/>', ['.']],
  ])('%s', (_, content, expected) => {
    // Equal states may have two numbers: what matters is what each accepts.
    expect(minimised(states(content))).toEqual(expected);
  });

  it('with more states than anybody needs is refused', () => {
    const many = "minOccurs='0' maxOccurs='1000'";
    expect(() => states(`<xs:sequence ${many}>${element('a', many)}</xs:sequence>`)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^limit/) }),
    );
  });
});

/** States that accept the same become one. */
function minimised(lines: readonly string[]): readonly string[] {
  let current = [...lines];
  for (;;) {
    const first = current.map((line) => current.indexOf(line));
    if (first.every((state, i) => state === i)) return current;
    const kept = [...new Set(first)];
    current = kept.map((state) =>
      (current[state] as string).replace(
        />(\d+)/g,
        (_, next: string) => `>${kept.indexOf(first[Number(next)] as number)}`,
      ),
    );
  }
}

describe('grammars', () => {
  it('have attributes in order, and those that may be left out, left out', () => {
    const { data } = buildGrammars(
      components(
        "<xs:element name='e'><xs:complexType><xs:attribute name='b'/><xs:attribute name='a' type='xs:int' use='required'/></xs:complexType></xs:element>",
      ),
    );
    const start = data?.grammars[data.globals.find(({ element: of }) => of >= 0)?.element ?? -1];
    expect(start?.productions.map(({ event }) => event)).toEqual([EVENT.attribute]);
    const next = data?.grammars[start?.productions[0]?.next ?? -1];
    expect(next?.productions.map(({ event }) => event)).toEqual([EVENT.attribute, EVENT.endElement]);
  });

  it('of elements that contain themselves end somewhere', () => {
    const grammars = buildGrammars(
      components(
        "<xs:element name='e' type='E'/><xs:complexType name='E'><xs:sequence><xs:element ref='e' minOccurs='0'/></xs:sequence><xs:attribute name='n' type='xs:int'/></xs:complexType>",
      ),
    );
    const deep = xml('e', { xmlns: 'urn:x', n: 1 }, xml('e', { n: 2 }, xml('e')));
    const options = { strict: true };
    const bytes = new ExiEncoder({ grammars, options }).encodeElement(deep);
    // SE(e) of two: 1 bit; twice AT(n) of three, its value, SE(e) of two: 2 + 9 + 1; EE of three: 2; the other ends take none.
    expect(bytes.length).toBe(1 + Math.ceil((1 + 12 + 12 + 2) / 8));
    const decoder = new ExiDecoder({ grammars, options });
    decoder.push(bytes);
    expect(String(decoder.nextElement())).toBe(String(deep));
  });

  it('of fragments use a relaxed one where a name has two meanings', () => {
    const grammars = buildGrammars(
      components(
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='v' type='xs:int' form='qualified'/></xs:sequence></xs:complexType></xs:element><xs:element name='v' type='xs:string'/>",
      ),
    );
    const options = { fragment: true };
    const elements = [xml('v', { xmlns: 'urn:x' }, 'x'), xml('a', { xmlns: 'urn:x' }, xml('v', {}, '7'))];
    const decoder = new ExiDecoder({ grammars, options });
    decoder.push(new ExiEncoder({ grammars, options }).encodeElement(...elements));
    expect([decoder.nextElement(), decoder.nextElement()].map(String)).toEqual(elements.map(String));
  });
});

it('grammars that would have too many productions are not made', () => {
  const optional = Array.from({ length: 300 }, (_, i) => `<xs:element name='x${i}' minOccurs='0'/>`).join('');
  const greedy = components(
    `<xs:element name='e'><xs:complexType><xs:sequence>${optional}</xs:sequence></xs:complexType></xs:element>`,
  );
  expect(() => buildGrammars(greedy, { maxProductions: 10_000 })).toThrow('more than 10000 productions');
  expect(buildGrammars(greedy)).toBeDefined();
});
