import fc from 'fast-check';
import {
  BUILT_IN_TYPES,
  encodeMessage,
  encodeServiceBody,
  isServiceName,
  type OpcUaMessage,
  type OpcUaValue,
  SECURITY_POLICY_NONE,
  type ServiceMessage,
  STRUCTURES,
  structureRow,
  type Type,
  typeNamed,
} from './internals.ts';

/* Values of every type, made without the codec: what is generated here is what encoders may send. */

const TEXT = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom(
    '',
    '\\',
    '\\null',
    'Überdruck',
    '2:Pump',
    'a\tb\n',
    '\u0000',
    '\uffff',
    '𝄞',
    '<&\'">',
    ' x ',
    ';form=numeric',
    '%3B;',
  ),
  fc.constantFrom(Uint8Array.of(0xff, 0x41), Uint8Array.of(0xc3), Uint8Array.of(0xed, 0xa0, 0x80, 0x5c)),
);
const NULLABLE = fc.option(TEXT, { freq: 5 });
const OCTETS = fc.option(fc.uint8Array({ maxLength: 9 }), { freq: 5 });
const UINT16 = fc.oneof(fc.constantFrom(0, 1, 2, 255, 256, 0xffff), fc.nat(0xffff));
const UINT32 = fc.oneof(fc.constantFrom(0, 1, 13, 255, 256, 0xffff, 0x1_0000, 0xffff_ffff), fc.nat(0xffff_ffff));
const INT32 = fc.oneof(fc.constantFrom(0, -1, 1, 2, 4), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));

const numericId = fc
  .record({ namespace: UINT16, value: UINT32, longer: fc.nat(2) })
  .map(({ namespace, value, longer }) => {
    const forms = ['two-byte', 'four-byte', 'numeric'] as const;
    const shortest = namespace === 0 && value <= 255 ? 0 : namespace <= 255 && value <= 0xffff ? 1 : 2;
    const form = forms[Math.min(2, shortest + longer)] as (typeof forms)[number];
    return { kind: 'numeric' as const, namespace, value, ...(form === forms[shortest] ? {} : { form }) };
  });
const nodeId = fc.oneof(
  { weight: 3, arbitrary: numericId },
  fc.record({ kind: fc.constant('string' as const), namespace: UINT16, value: NULLABLE }),
  fc.record({ kind: fc.constant('guid' as const), namespace: UINT16, value: fc.uuid() }),
  fc.record({ kind: fc.constant('opaque' as const), namespace: UINT16, value: OCTETS }),
);
const expanded = fc
  .tuple(nodeId, fc.option(NULLABLE, { nil: undefined }), fc.option(UINT32, { nil: undefined }))
  .map(([id, namespaceUri, serverIndex]) => ({
    ...id,
    ...(namespaceUri === undefined ? {} : { namespaceUri }),
    ...(serverIndex === undefined ? {} : { serverIndex }),
  }));

const SCALAR_VALUES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  Boolean: fc.boolean(),
  SByte: fc.integer({ min: -128, max: 127 }),
  Byte: fc.nat(255),
  Int16: fc.integer({ min: -32_768, max: 32_767 }),
  UInt16: UINT16,
  Int32: INT32,
  UInt32: UINT32,
  Int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  UInt64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  Float: fc.oneof(fc.float(), fc.constantFrom({ nan: 0xffc0_0000n }, { nan: 0x7f80_0001n }, -0)),
  Double: fc.oneof(fc.double(), fc.constantFrom({ nan: 0xfff8_0000_0000_0000n }, -0)),
  String: NULLABLE,
  XmlElement: NULLABLE,
  DateTime: fc.oneof(
    fc.bigInt({ min: 0n, max: 2_650_467_744_000_000_000n }),
    fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)),
  ),
  Guid: fc.uuid(),
  ByteString: OCTETS,
  NodeId: nodeId,
  ExpandedNodeId: expanded,
  StatusCode: fc.oneof(fc.constantFrom(0, 0x8034_0000, 0x8034_0400), UINT32),
  QualifiedName: fc.record({ namespace: UINT16, name: NULLABLE }),
  AttributeId: UINT32,
};

/** Parts that may be there or not. */
function parts(all: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<OpcUaValue> {
  return fc.record(all, { requiredKeys: [] }) as fc.Arbitrary<OpcUaValue>;
}

function items(of: Type, depth: number): fc.Arbitrary<OpcUaValue> {
  return fc.option(fc.array(value(of, depth), { maxLength: 3 }), { freq: 6 }) as fc.Arbitrary<OpcUaValue>;
}

function variant(depth: number): fc.Arbitrary<OpcUaValue> {
  const names = Array.from({ length: 26 }, (_, id) => id).filter((id) => depth > 0 || id < 22);
  return fc.constantFrom(...names).chain((id) => {
    if (id === 0) return fc.constant({ type: 0, isArray: false, value: null });
    const type = typeNamed(BUILT_IN_TYPES[id] as string);
    return fc.oneof(
      value(type, depth - 1).map((one) => ({ type: id, isArray: false, value: one })),
      fc.record({ type: fc.constant(id), isArray: fc.constant(true), value: items(type, depth - 1) }),
      fc.record({
        type: fc.constant(id),
        isArray: fc.constant(true),
        value: items(type, depth - 1),
        dimensions: fc.option(fc.array(INT32, { maxLength: 3 })),
      }),
    ) as fc.Arbitrary<OpcUaValue>;
  });
}

function extensionObject(depth: number): fc.Arbitrary<OpcUaValue> {
  const carried = fc.record({
    typeId: nodeId,
    body: fc.oneof(
      fc.constant({ kind: 'none' }),
      fc.record({ kind: fc.constant('octets'), octets: OCTETS }),
      fc.record({ kind: fc.constant('xml'), text: NULLABLE }),
    ),
  });
  if (depth <= 0) return carried as fc.Arbitrary<OpcUaValue>;
  const structure = fc.constantFrom(...Object.keys(STRUCTURES)).chain((name) =>
    value(typeNamed(name), depth - 1).map((inner) => ({
      typeId: { kind: 'numeric', namespace: 0, value: structureRow(name)?.encodingId ?? 0 },
      body: { kind: 'structure', name, value: inner },
    })),
  );
  return fc.oneof(carried, structure) as fc.Arbitrary<OpcUaValue>;
}

const known = new Map<string, fc.Arbitrary<OpcUaValue>>();

/** A value of a type. @param depth how much may still be inside it */
export function value(type: Type, depth = 3): fc.Arbitrary<OpcUaValue> {
  if (type.kind === 'array') return items(type.of, depth);
  const key = `${type.name} ${depth}`;
  let made = known.get(key);
  if (!made) {
    made = fc.constant(null).chain(() => make(type, depth));
    known.set(key, made);
  }
  return made;
}

function make(type: Exclude<Type, { readonly kind: 'array' }>, depth: number): fc.Arbitrary<OpcUaValue> {
  if (type.kind === 'scalar') return (SCALAR_VALUES[type.name] ?? INT32) as fc.Arbitrary<OpcUaValue>;
  if (type.kind === 'structure') {
    return fc.record(
      Object.fromEntries(type.fields.map(({ name, type: field }) => [name, value(field, depth - 1)])),
    ) as fc.Arbitrary<OpcUaValue>;
  }
  switch (type.name) {
    case 'LocalizedText':
      return parts({ locale: NULLABLE, text: NULLABLE });
    case 'ExtensionObject':
      return extensionObject(depth);
    case 'DataValue':
      return parts({
        value: variant(depth - 1),
        status: UINT32,
        sourceTimestamp: SCALAR_VALUES.DateTime as fc.Arbitrary<unknown>,
        sourcePicoseconds: UINT16,
        serverTimestamp: SCALAR_VALUES.DateTime as fc.Arbitrary<unknown>,
        serverPicoseconds: UINT16,
      });
    case 'Variant':
      return variant(depth);
    case 'DiagnosticInfo':
      return parts({
        symbolicId: INT32,
        namespaceUri: INT32,
        locale: INT32,
        localizedText: INT32,
        additionalInfo: NULLABLE,
        innerStatusCode: UINT32,
        ...(depth > 0 ? { innerDiagnosticInfo: value(type, depth - 1) } : {}),
      });
  }
}

export const SERVICE_NAMES = Object.keys(STRUCTURES).filter(isServiceName);

/** A request or a response, of any service. */
export const service: fc.Arbitrary<ServiceMessage> = fc
  .constantFrom(...SERVICE_NAMES)
  .chain((name) =>
    value(typeNamed(name)).map((one) => ({ kind: 'service', name, value: one }) as unknown as ServiceMessage),
  );

const opaque = fc
  .tuple(fc.option(nodeId, { nil: undefined }), fc.uint8Array({ maxLength: 20 }))
  .map(([typeId, octets]) => ({ kind: 'opaque' as const, ...(typeId ? { typeId } : {}), octets, problem: 'any' }));

/** Messages whose octets are decoded as what they are, or as something opaque. */
export const message: fc.Arbitrary<OpcUaMessage> = fc.oneof(
  { weight: 8, arbitrary: channelMessage() },
  fc.constantFrom(...(['HEL', 'ACK', 'ERR', 'RHE'] as const)).chain((type) => {
    const name = ({ HEL: 'Hello', ACK: 'Acknowledge', ERR: 'Error', RHE: 'ReverseHello' } as const)[type];
    return value(typeNamed(name)).map(
      (one) => ({ kind: 'transport', type, body: { kind: 'transport', name, value: one } }) as unknown as OpcUaMessage,
    );
  }),
);

function channelMessage(): fc.Arbitrary<OpcUaMessage> {
  return fc
    .record({
      type: fc.constantFrom('MSG' as const, 'OPN' as const, 'CLO' as const),
      body: fc.oneof({ weight: 6, arbitrary: service }, opaque),
      channelId: UINT32,
      requestId: UINT32,
      tokenId: UINT32,
      sequence: UINT32,
      cuts: fc.array(fc.nat(40), { maxLength: 3 }),
      abort: fc.option(fc.record({ error: UINT32, reason: NULLABLE }), { nil: undefined, freq: 12 }),
    })
    .map(({ type, body, channelId, requestId, tokenId, sequence, cuts, abort }) => {
      const length = encodeServiceBody(body).length;
      const isWhole = type !== 'MSG';
      const given = isWhole ? undefined : abort;
      const chunks: { sequenceNumber: number; octets: number }[] = [];
      let left = length;
      for (const cut of isWhole ? [] : cuts) {
        const octets = Math.min(cut, left);
        chunks.push({ sequenceNumber: (sequence + chunks.length) % 2 ** 32, octets });
        left -= octets;
      }
      if (given && left > 0) chunks.push({ sequenceNumber: sequence, octets: left });
      chunks.push({ sequenceNumber: (sequence + 9) % 2 ** 32, octets: given ? 0 : left });
      const security =
        type === 'OPN'
          ? { securityPolicyUri: SECURITY_POLICY_NONE, senderCertificate: null, receiverCertificateThumbprint: null }
          : { tokenId };
      return {
        kind: 'channel' as const,
        type,
        channelId,
        security,
        requestId,
        chunks,
        body: given ? { kind: 'opaque' as const, octets: encodeServiceBody(body), problem: 'it was given up' } : body,
        ...(given ? { abort: given } : {}),
      };
    });
}

/** The octets of a message. */
export const messageOctets: fc.Arbitrary<Uint8Array> = message.map(encodeMessage);
