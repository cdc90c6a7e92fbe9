import {
  BUILT_IN_TYPES,
  builtInType,
  elementName,
  isServiceName,
  SCALARS,
  STRUCTURES,
  structureNamed,
  TRANSPORT_STRUCTURES,
  type Type,
} from './internals.ts';

/* The schema as the rows of structures say it: schema.xsd is this text. */

type ItemType = Exclude<Type, { readonly kind: 'array' }>;

const attribute = (name: string, type: string, use?: 'required') =>
  `<xs:attribute name='${name}' type='${type}'${use ? ` use='${use}'` : ''}/>`;

const arrays = new Map<string, string>();

/** The type of the element of an array; makes it where it is not there. */
function arrayType(of: ItemType): string {
  const name = `ArrayOf${of.name}`;
  if (arrays.has(name)) return name;
  if (of.kind === 'scalar' && of.scalar.isListed) {
    arrays.set(
      name,
      `<xs:simpleType name='${name}'>\n    <xs:list itemType='${of.scalar.schemaType}'/>\n  </xs:simpleType>`,
    );
    return name;
  }
  arrays.set(
    name,
    complex(name, `<xs:sequence>\n      ${item(of, " minOccurs='0' maxOccurs='unbounded'")}\n    </xs:sequence>`),
  );
  return name;
}

function item(of: ItemType, occurs = ''): string {
  const type = of.kind === 'scalar' ? `Item${of.name}` : of.name;
  return `<xs:element name='${elementName(of.name)}' type='${type}'${occurs}/>`;
}

function complex(name: string, ...content: readonly string[]): string {
  return `<xs:complexType name='${name}'>\n    ${content.join('\n    ')}\n  </xs:complexType>`;
}

function structure(name: string): string {
  const type = structureNamed(name);
  if (!type) throw new Error(`no structure ${name}`);
  const elements: string[] = [];
  const attributes: string[] = [];
  for (const { name: field, type: of } of type.fields) {
    if (of.kind === 'scalar') {
      const { schemaType, absent } = of.scalar;
      attributes.push(attribute(field, schemaType, absent === undefined ? 'required' : undefined));
    } else if (of.kind === 'array') {
      elements.push(`<xs:element name='${field}' type='${arrayType(of.of)}' minOccurs='0'/>`);
    } else {
      elements.push(
        `<xs:element name='${field}' type='${of.name}'${of.kind === 'composite' ? " minOccurs='0'" : ''}/>`,
      );
    }
  }
  const sequence =
    elements.length === 0 ? [] : [`<xs:sequence>\n      ${elements.join('\n      ')}\n    </xs:sequence>`];
  return complex(name, ...sequence, ...attributes);
}

/** Built-in types whose values in variants are elements. */
function variantElements(): readonly string[] {
  return BUILT_IN_TYPES.flatMap((_, id) => {
    const type = builtInType(id);
    if (!type || type.kind === 'array' || (type.kind === 'scalar' && type.scalar.isListed)) return [];
    return [item(type)];
  });
}

const choice = (names: readonly string[], types: (name: string) => string, occurs = '') =>
  `<xs:choice${occurs}>\n          ${names.map((name) => `<xs:element name='${elementName(name)}' type='${types(name)}'/>`).join('\n          ')}\n        </xs:choice>`;

/** Everything but the structures. */
function composites(): readonly string[] {
  const structures = Object.keys(STRUCTURES);
  return [
    complex('LocalizedText', attribute('locale', 'xs:string'), attribute('text', 'xs:string')),
    complex(
      'ExtensionObject',
      `<xs:sequence>\n        ${choice(structures, (name) => name, " minOccurs='0'")}\n      </xs:sequence>`,
      attribute('typeId', 'xs:string'),
      attribute('encoding', 'xs:string'),
      attribute('octets', 'xs:base64Binary'),
      attribute('xml', 'xs:string'),
    ),
    complex(
      'DataValue',
      "<xs:sequence>\n      <xs:element name='value' type='Variant' minOccurs='0'/>\n    </xs:sequence>",
      attribute('status', 'xs:string'),
      attribute('sourceTimestamp', 'xs:string'),
      attribute('sourcePicoseconds', 'xs:unsignedShort'),
      attribute('serverTimestamp', 'xs:string'),
      attribute('serverPicoseconds', 'xs:unsignedShort'),
    ),
    complex(
      'Variant',
      `<xs:choice minOccurs='0' maxOccurs='unbounded'>\n      ${variantElements().join('\n      ')}\n    </xs:choice>`,
      attribute('type', 'xs:string'),
      attribute('array', 'xs:string'),
      attribute('dimensions', 'xs:string'),
      attribute('value', 'xs:string'),
    ).replace("<xs:complexType name='Variant'>", "<xs:complexType name='Variant' mixed='true'>"),
    complex(
      'DiagnosticInfo',
      "<xs:sequence>\n      <xs:element name='innerDiagnosticInfo' type='DiagnosticInfo' minOccurs='0'/>\n    </xs:sequence>",
      ...['symbolicId', 'namespaceUri', 'locale', 'localizedText'].map((name) => attribute(name, 'xs:int')),
      attribute('additionalInfo', 'xs:string'),
      attribute('innerStatusCode', 'xs:string'),
    ),
  ];
}

function message(): string {
  const services = Object.keys(STRUCTURES).filter(isServiceName);
  return `<xs:element name='message'>
    <xs:complexType>
      <xs:sequence>
        <xs:element name='chunk' minOccurs='0' maxOccurs='unbounded'>
          <xs:complexType>
            ${attribute('sequence', 'xs:unsignedInt', 'required')}
            <!-- How much of the body it holds; not in the last. -->
            ${attribute('octets', 'xs:unsignedInt')}
          </xs:complexType>
        </xs:element>
        <xs:choice>
          <!-- A chunk that is signed or encrypted. -->
          <xs:element name='secured'>
            <xs:complexType>
              <xs:simpleContent>
                <xs:extension base='xs:base64Binary'>
                  ${attribute('chunk', 'xs:string')}
                </xs:extension>
              </xs:simpleContent>
            </xs:complexType>
          </xs:element>
          <!-- What is not understood. -->
          <xs:element name='opaque'>
            <xs:complexType>
              <xs:simpleContent>
                <xs:extension base='xs:base64Binary'>
                  ${attribute('typeId', 'xs:string')}
                  ${attribute('problem', 'xs:string')}
                </xs:extension>
              </xs:simpleContent>
            </xs:complexType>
          </xs:element>
          ${[...Object.keys(TRANSPORT_STRUCTURES), ...services].map((name) => `<xs:element name='${elementName(name)}' type='${name}'/>`).join('\n          ')}
        </xs:choice>
        <xs:element name='abort' minOccurs='0'>
          <xs:complexType>
            ${attribute('error', 'xs:string', 'required')}
            ${attribute('reason', 'xs:string')}
          </xs:complexType>
        </xs:element>
      </xs:sequence>
      <!-- HEL, ACK, ERR, RHE, OPN, CLO or MSG. -->
      ${attribute('type', 'xs:string', 'required')}
      ${attribute('channel', 'xs:unsignedInt')}
      ${attribute('token', 'xs:unsignedInt')}
      ${attribute('securityPolicyUri', 'xs:string')}
      ${attribute('senderCertificate', 'xs:base64Binary')}
      ${attribute('receiverCertificateThumbprint', 'xs:base64Binary')}
      ${attribute('request', 'xs:unsignedInt')}
    </xs:complexType>
  </xs:element>`;
}

/** The text of schema.xsd. */
export function schemaText(): string {
  const structures = [...Object.keys(TRANSPORT_STRUCTURES), ...Object.keys(STRUCTURES)].map(structure);
  const items = BUILT_IN_TYPES.flatMap((name) => {
    const scalar = SCALARS.get(name);
    if (!scalar || scalar.isListed) return [];
    const use = scalar.absent === undefined ? 'required' : undefined;
    return [complex(`Item${name}`, attribute('value', scalar.schemaType, use))];
  });
  const parts = [
    '<!-- A message: of the connection protocol, or of a channel with its chunks and what they hold. -->',
    message(),
    '<!-- From the adapter at a client to the one at a server. -->',
    `<xs:element name='request'>
    <xs:complexType>
      <xs:sequence>
        <xs:element ref='message'/>
      </xs:sequence>
      ${attribute('line', 'xs:string')}
      <!-- When it must not be sent any more, by the clock of who sent it. -->
      ${attribute('expires', 'xs:dateTime')}
    </xs:complexType>
  </xs:element>`,
    '<!-- What the server says. -->',
    `<xs:element name='response'>
    <xs:complexType>
      <xs:sequence>
        <xs:element ref='message'/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>`,
    ...composites(),
    ...structures,
    ...items,
    ...arrays.values(),
  ];
  return `<?xml version='1.0' encoding='UTF-8'?>
<!-- Messages of OPC UA (OPC 10000-4 and -6). Made of the rows of structures: \`npx vitest run packages/opcua/test/schema.test.ts -u\` writes it. -->
<xs:schema
  xmlns:xs='http://www.w3.org/2001/XMLSchema'
  targetNamespace='urn:thingward:opcua:1'
  xmlns='urn:thingward:opcua:1'
  elementFormDefault='qualified'>

  ${parts.join('\n\n  ').replaceAll(' -->\n\n', ' -->\n')}
</xs:schema>
`;
}
