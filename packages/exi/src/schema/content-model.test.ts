import { describe, expect, it } from 'vitest';
import { compileSchema } from './compile.ts';
import { SchemaError } from './error.ts';
import type { SchemaLimits } from './limits.ts';
import { SCHEMA_NAMESPACE } from './names.ts';

interface Options {
  readonly ambiguity?: 'refuse' | 'tolerate';
  readonly limits?: Partial<SchemaLimits>;
}

function compile(content: string, options: Options = {}) {
  const text = `<xs:schema xmlns:xs='${SCHEMA_NAMESPACE}' targetNamespace='urn:a' xmlns='urn:a'>${content}</xs:schema>`;
  return compileSchema([{ location: 'a.xsd', text }], options);
}

/** A type with content in a notation of regular expressions: letters are elements, `_` a wildcard for other namespaces, `*` one for any. */
function model(notation: string): string {
  const occurs: Record<string, string> = {
    '?': "minOccurs='0'",
    '*': "minOccurs='0' maxOccurs='unbounded'",
    '+': "maxOccurs='unbounded'",
  };
  let at = 0;
  const sequence = (): string => {
    const branches = [''];
    for (; at < notation.length && notation[at] !== ')'; ) {
      if (notation[at] === '|') {
        branches.push('');
        at++;
      } else branches[branches.length - 1] += piece();
    }
    return branches.length === 1
      ? `<xs:sequence OCCURS>${branches[0]}</xs:sequence>`
      : `<xs:choice OCCURS>${branches.map((branch) => `<xs:sequence>${branch}</xs:sequence>`).join('')}</xs:choice>`;
  };
  const piece = (): string => {
    const next = notation[at++] as string;
    let xml = '';
    if (next === '(') {
      xml = sequence();
      at++;
    } else if (next === '_' || next === '.') {
      xml = `<xs:any processContents='lax' namespace='##${next === '_' ? 'other' : 'any'}' OCCURS/>`;
    } else xml = `<xs:element name='${next}' form='qualified' OCCURS/>`;
    const range = /^\{(\d+),(\d*)\}/.exec(notation.slice(at));
    const suffix = notation[at] as string;
    if (range) {
      at += range[0].length;
      return xml.replace('OCCURS', `minOccurs='${range[1]}' maxOccurs='${range[2] || 'unbounded'}'`);
    }
    if (suffix in occurs) at++;
    return xml.replace('OCCURS', occurs[suffix] ?? '');
  };
  return `<xs:complexType name='T'>${sequence().replace('OCCURS', '')}</xs:complexType>`;
}

describe('attribution to one particle', () => {
  it.each([
    'ab',
    'a?b',
    'a*b',
    '(a|b)*c',
    'a{2,2}a',
    'a{2,2}ab',
    '(a?){3,3}',
    'a{2,4}b',
    '(ab?){0,3}c',
    '_*a',
    '(ab|c)*d',
    '(a_?b)*',
    '(a|_)*',
    '(a{2,3}b*){2,3}c',
    'a{2,}b',
    '.a',
  ])('is possible in %s', (notation) => {
    expect(compile(model(notation)).types.has('{urn:a}T')).toBe(true);
  });

  it.each([
    'a?a',
    'a*a',
    '(a|b)*a',
    'a{2,3}a',
    'a{2,}a',
    '(ab?)*b',
    '.?a',
    '_?_',
    '_*_',
    '(ab|ac)',
    'a?(b|a)',
    '(a*)*a?',
    '(a?b?)*a',
    '(a|.)*',
    '(a?){2,2}a',
  ])('is not possible in %s', (notation) => {
    expect(() => compile(model(notation))).toThrow(expect.objectContaining({ code: 'ambiguous-content' }));
    expect(compile(model(notation), { ambiguity: 'tolerate' }).types.has('{urn:a}T')).toBe(true);
  });

  it('counts what substitutes an element', () => {
    const content =
      "<xs:element name='h'/><xs:element name='m' substitutionGroup='h'/><xs:complexType name='T'><xs:choice><xs:element ref='h'/><xs:element ref='m'/></xs:choice></xs:complexType>";
    expect(() => compile(content)).toThrow('an element {urn:a}m could be either of two');
  });

  it('needs one type for elements of one name, in nested groups and substitutes too', () => {
    const nested = (type: string) =>
      `<xs:complexType name='T'><xs:sequence><xs:element name='a' type='xs:int'/><xs:choice><xs:element name='b'/><xs:sequence><xs:element name='c'/><xs:element name='a' type='${type}'/></xs:sequence></xs:choice></xs:sequence></xs:complexType>`;
    expect(compile(nested('xs:int')).types.has('{urn:a}T')).toBe(true);
    expect(() => compile(nested('xs:byte'))).toThrow('elements a in one content model have different types');
  });
});

describe('limits', () => {
  const nested = (depth: number) => "<xs:sequence maxOccurs='9'>".repeat(depth) + '</xs:sequence>'.repeat(depth);
  it.each<[what: string, content: string, limits: Partial<SchemaLimits>, message: string]>([
    ['bytes', `<!--${'x'.repeat(2000)}-->`, { maxBytes: 1000 }, 'a.xsd:1:1: the schemas have more than 1000 bytes'],
    ['elements', "<xs:element name='a'/><xs:element name='b'/>", { maxComponents: 2 }, 'more than 2 elements'],
    ['nesting', `<xs:complexType name='T'>${nested(70)}</xs:complexType>`, {}, 'elements nest deeper than 64'],
    ['occurrences', model('a{0,99999}'), {}, 'more than 50000 particles'],
    ['occurrences of occurrences', model('((((a{9,9}){9,9}){9,9}){9,9}){9,9}'), {}, 'more than 50000 particles'],
    ['large minOccurs', model('a{999999,}'), {}, 'more than 50000 particles'],
    [
      'groups of groups',
      `<xs:group name='g0'><xs:sequence><xs:element name='a'/></xs:sequence></xs:group>${Array.from({ length: 60 }, (_, i) => `<xs:group name='g${i + 1}'><xs:sequence><xs:group ref='g${i}'/><xs:group ref='g${i}'/></xs:sequence></xs:group>`).join('')}<xs:complexType name='T'><xs:group ref='g60'/></xs:complexType>`,
      {},
      'more than 50000 particles',
    ],
    [
      'groups that lead to each other',
      `${Array.from({ length: 500 }, (_, i) => `<xs:group name='g${i}'><xs:sequence><xs:group ref='g${i + 1}'/></xs:sequence></xs:group>`).join('')}`,
      {},
      'more than 200 definitions lead from one to the next',
    ],
    [
      'groups that lead to each other, the last one first',
      `<xs:group name='g0'><xs:sequence><xs:element name='a'/></xs:sequence></xs:group>${Array.from({ length: 500 }, (_, i) => `<xs:group name='g${i + 1}'><xs:sequence><xs:group ref='g${i}'/></xs:sequence></xs:group>`).join('')}`,
      {},
      'more than 200 definitions lead from one to the next',
    ],
    [
      'types derived from each other',
      `<xs:simpleType name='t0'><xs:restriction base='xs:int'/></xs:simpleType>${Array.from({ length: 500 }, (_, i) => `<xs:simpleType name='t${i + 1}'><xs:restriction base='t${i}'/></xs:simpleType>`).join('')}`,
      {},
      'more than 200 definitions lead from one to the next',
    ],
    [
      'complex types derived from each other',
      `<xs:complexType name='t0'/>${Array.from({ length: 500 }, (_, i) => `<xs:complexType name='t${i + 1}'><xs:complexContent><xs:extension base='t${i}'/></xs:complexContent></xs:complexType>`).join('')}`,
      {},
      'more than 200 definitions lead from one to the next',
    ],
    [
      'elements that substitute each other',
      `${Array.from({ length: 500 }, (_, i) => `<xs:element name='e${i}' substitutionGroup='e${i + 1}'/>`).join('')}<xs:element name='e500'/>`,
      {},
      'more than 200 definitions lead from one to the next',
    ],
    [
      'work',
      `<xs:complexType name='T'><xs:choice>${Array.from({ length: 300 }, (_, i) => `<xs:element name='e${i}'/>`).join('')}</xs:choice></xs:complexType>`,
      { maxSteps: 1000 },
      'the schemas need more than 1000 steps of work',
    ],
  ])('of %s hold', (_, content, limits, message) => {
    let caught: unknown;
    try {
      compile(content, { limits });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(SchemaError);
    expect(caught).toMatchObject({ code: 'limit-exceeded', message: expect.stringContaining(message) });
  });

  it('of documents hold', () => {
    const text = (i: number) =>
      `<xs:schema xmlns:xs='${SCHEMA_NAMESPACE}' targetNamespace='urn:${i}'><xs:import namespace='urn:${i + 1}'/></xs:schema>`;
    let next = 1;
    const resolve = () => ({ location: `${next}.xsd`, text: text(next++) });
    expect(() => compileSchema([{ location: '0.xsd', text: text(0) }], { resolve })).toThrow(
      'the schemas are more than 128 documents',
    );
  });

  it('leave room for large choices that repeat', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `<xs:element name='e${i}' type='xs:int'/>`).join('');
    const content = `<xs:complexType name='T'><xs:choice minOccurs='0' maxOccurs='unbounded'>${names}</xs:choice></xs:complexType>`;
    expect(compile(content).allElements).toHaveLength(5000);
  });
});
