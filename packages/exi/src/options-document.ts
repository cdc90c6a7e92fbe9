import { type Content, type Element, xml } from '@thingward/xml';
import { ExiError } from './error.ts';
import { buildGrammars } from './grammar/build-grammars.ts';
import type { Grammars } from './grammar/grammars.ts';
import { EXI_NAMESPACE, XSI_NAMESPACE } from './namespaces.ts';
import {
  type Alignment,
  type DatatypeRepresentation,
  DEFAULT_BLOCK_SIZE,
  DEFAULT_OPTIONS,
  type ExiOptions,
  type ExiOptionsInput,
} from './options.ts';
import { compileSchema } from './schema/compile.ts';

const empty = (name: string, occurs = "minOccurs='0'") =>
  `<xs:element name='${name}' ${occurs}><xs:complexType/></xs:element>`;
const sequence = (name: string, content: string, occurs = "minOccurs='0'") =>
  `<xs:element name='${name}' ${occurs}><xs:complexType><xs:sequence>${content}</xs:sequence></xs:complexType></xs:element>`;
const number = (name: string, facets = '') =>
  `<xs:element name='${name}' minOccurs='0'><xs:simpleType><xs:restriction base='xs:unsignedInt'>${facets}</xs:restriction></xs:simpleType></xs:element>`;
const identity = (name: string, base: string) =>
  `<xs:simpleType name='${name}'><xs:restriction base='xs:${base}'/></xs:simpleType>`;

/** What an options document may hold. @see EXI 1.0 appendix C */
const SCHEMA = `<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='${EXI_NAMESPACE}' elementFormDefault='qualified'>${sequence(
  'header',
  sequence(
    'lesscommon',
    sequence(
      'uncommon',
      `<xs:any namespace='##other' minOccurs='0' maxOccurs='unbounded' processContents='skip'/>` +
        `<xs:element name='alignment' minOccurs='0'><xs:complexType><xs:choice>${empty('byte', '')}${empty('pre-compress', '')}</xs:choice></xs:complexType></xs:element>` +
        empty('selfContained') +
        number('valueMaxLength') +
        number('valuePartitionCapacity') +
        sequence(
          'datatypeRepresentationMap',
          `<xs:any namespace='##other' processContents='skip'/><xs:any processContents='skip'/>`,
          "minOccurs='0' maxOccurs='unbounded'",
        ),
    ) +
      sequence(
        'preserve',
        ['dtd', 'prefixes', 'lexicalValues', 'comments', 'pis'].map((name) => empty(name)).join(''),
      ) +
      number('blockSize', `<xs:minInclusive value='1'/>`),
  ) +
    sequence(
      'common',
      `${empty('compression')}${empty('fragment')}<xs:element name='schemaId' minOccurs='0' nillable='true' type='xs:string'/>`,
    ) +
    empty('strict'),
  '',
)}${[
  ['ieeeBinary32', 'float'],
  ['ieeeBinary64', 'double'],
  ...[
    'base64Binary',
    'hexBinary',
    'boolean',
    'dateTime',
    'time',
    'date',
    'gYearMonth',
    'gYear',
    'gMonthDay',
    'gDay',
    'gMonth',
    'decimal',
    'double',
    'integer',
    'string',
  ].map((name) => [name, name]),
]
  .map(([name, base]) => identity(name as string, base as string))
  .join('')}</xs:schema>`;

let grammars: Grammars | undefined;

/** The grammars of options documents, made when they are needed first. */
export function optionsGrammars(): Grammars {
  grammars ??= buildGrammars(compileSchema([{ location: 'exi-options.xsd', bytes: new TextEncoder().encode(SCHEMA) }]));
  return grammars;
}

/** How an options document is coded itself. @see EXI 1.0 §5.4 */
export const OPTIONS_OF_OPTIONS: ExiOptions = { ...DEFAULT_OPTIONS, strict: true };

/** Options as an options document: what is not the default. @see EXI 1.0 §5.4, appendix C */
export function optionsElement(options: ExiOptions): Element {
  const { alignment, preserve } = options;
  const flag = (name: string, isSet: boolean) => (isSet ? xml(name) : undefined);
  const value = (name: string, content: number | undefined) =>
    content === undefined ? undefined : xml(name, {}, String(content));
  const isReordered = alignment === 'compression' || alignment === 'pre-compression';
  const uncommon = group(
    'uncommon',
    alignment === 'byte-packed' && xml('alignment', {}, xml('byte')),
    alignment === 'pre-compression' && xml('alignment', {}, xml('pre-compress')),
    flag('selfContained', options.selfContained),
    value('valueMaxLength', options.valueMaxLength),
    value('valuePartitionCapacity', options.valuePartitionCapacity),
    !preserve.lexicalValues && options.datatypeRepresentationMap.map(mapElement),
  );
  const kept = group(
    'preserve',
    ...(['dtd', 'prefixes', 'lexicalValues', 'comments', 'pis'] as const).map((name) => flag(name, preserve[name])),
  );
  const blockSize = isReordered && options.blockSize !== DEFAULT_BLOCK_SIZE ? options.blockSize : undefined;
  const common = group(
    'common',
    flag('compression', alignment === 'compression'),
    flag('fragment', options.fragment),
    schemaIdElement(options.schemaId),
  );
  const lessCommon = group('lesscommon', uncommon, kept, value('blockSize', blockSize));
  return xml('header', { xmlns: EXI_NAMESPACE }, lessCommon, common, flag('strict', options.strict));
}

/** An element, when there is anything in it. */
function group(name: string, ...content: (Content | false)[]): Element | undefined {
  const element = xml(name, {}, ...content.map((item) => (item === false ? undefined : item)));
  return element.children.length === 0 ? undefined : element;
}

function mapElement({ type, representation }: DatatypeRepresentation): Element {
  return xml(
    'datatypeRepresentationMap',
    {},
    xml(type.name, { xmlns: type.namespace }),
    xml(representation.name, { xmlns: representation.namespace }),
  );
}

function schemaIdElement(schemaId: string | null | undefined): Element | undefined {
  if (schemaId === undefined) return undefined;
  return schemaId === null ? xml('schemaId', { [`{${XSI_NAMESPACE}}nil`]: 'true' }) : xml('schemaId', {}, schemaId);
}

/**
 * Reads an options document.
 * @throws ExiError `malformed`
 */
export function parseOptions(header: Element): ExiOptionsInput {
  const lessCommon = header.child('lesscommon');
  const uncommon = lessCommon?.child('uncommon');
  const preserve = lessCommon?.child('preserve');
  const common = header.child('common');
  const has = (parent: Element | undefined, name: string) => parent?.child(name) !== undefined;
  const count = (parent: Element | undefined, name: string) => {
    const element = parent?.child(name);
    return element === undefined ? undefined : Number(element.text);
  };
  const schemaId = common?.child('schemaId');
  const isCompressed = has(common, 'compression');
  const alignment = uncommon?.child('alignment');
  return {
    alignment: isCompressed ? 'compression' : alignmentOf(alignment),
    strict: has(header, 'strict'),
    fragment: has(common, 'fragment'),
    selfContained: has(uncommon, 'selfContained'),
    preserve: {
      comments: has(preserve, 'comments'),
      pis: has(preserve, 'pis'),
      dtd: has(preserve, 'dtd'),
      prefixes: has(preserve, 'prefixes'),
      lexicalValues: has(preserve, 'lexicalValues'),
    },
    ...optional('blockSize', count(lessCommon, 'blockSize')),
    ...optional('valueMaxLength', count(uncommon, 'valueMaxLength')),
    ...optional('valuePartitionCapacity', count(uncommon, 'valuePartitionCapacity')),
    datatypeRepresentationMap: (uncommon?.childrenNamed('datatypeRepresentationMap') ?? []).map(parseMap),
    ...(schemaId && { schemaId: schemaId.attribute(`{${XSI_NAMESPACE}}nil`) === 'true' ? null : schemaId.text }),
  };
}

function optional<Name extends string>(name: Name, value: number | undefined): { readonly [_ in Name]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [_ in Name]?: number });
}

function alignmentOf(element: Element | undefined): Alignment {
  if (element === undefined) return 'bit-packed';
  return element.child('byte') === undefined ? 'pre-compression' : 'byte-packed';
}

function parseMap(element: Element): DatatypeRepresentation {
  const [type, representation] = element.elements;
  if (type === undefined || representation === undefined) {
    throw new ExiError('malformed', 'a datatype representation map needs a type and a representation');
  }
  const qname = ({ namespace, name }: Element) => ({ namespace, name });
  return { type: qname(type), representation: qname(representation) };
}
