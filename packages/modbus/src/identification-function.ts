import { type ByteReader, checkUnsigned } from './byte-cursor.ts';
import { ILLEGAL_DATA_ADDRESS, ModbusError, ModbusException } from './error.ts';
import type { FunctionRow } from './function-row.ts';
import type { IdentificationObject, ModbusResponse } from './pdu.ts';

/** The encapsulated protocol of identification among those of function 43. @see MODBUS Application Protocol V1.1b3 §6.19 */
const MEI_TYPE = 14;
const READ_CODES: ReadonlySet<number> = new Set([1, 2, 3, 4]);
/** Basic, regular, extended; with the highest bit set single objects can be asked for, too. */
const CONFORMITY_LEVELS: ReadonlySet<number> = new Set([0x01, 0x02, 0x03, 0x81, 0x82, 0x83]);

/** The names of the basic and regular objects. @see MODBUS Application Protocol V1.1b3 §6.21 */
export const IDENTIFICATION_OBJECTS: Readonly<Record<number, string>> = {
  0: 'VendorName',
  1: 'ProductCode',
  2: 'MajorMinorRevision',
  3: 'VendorUrl',
  4: 'ProductName',
  5: 'ModelName',
  6: 'UserApplicationName',
};

/** Is this PDU of function 43 about identification? */
export function isIdentification(pdu: Uint8Array): boolean {
  return pdu[1] === MEI_TYPE;
}

/** Reading who made a device, and what it is. @see MODBUS Application Protocol V1.1b3 §6.21 */
export const IDENTIFICATION_FUNCTION: FunctionRow<'read-device-identification'> = {
  code: 43,
  encodeRequest({ readCode, objectId }) {
    return [MEI_TYPE, checkOneOf(readCode, READ_CODES, 'a read code'), checkUnsigned(objectId, 0xff, 'an object id')];
  },
  decodeRequest(reader) {
    reader.uint8();
    return { kind: 'read-device-identification', readCode: readCodeOf(reader), objectId: reader.uint8() };
  },
  encodeResponse({ readCode, conformityLevel, moreFollows, nextObjectId, objects }) {
    return [
      MEI_TYPE,
      checkOneOf(readCode, READ_CODES, 'a read code'),
      checkOneOf(conformityLevel, CONFORMITY_LEVELS, 'a conformity level'),
      moreFollows ? 0xff : 0,
      checkUnsigned(nextObjectId, 0xff, 'an object id'),
      checkUnsigned(objects.length, 0xff, 'a number of objects'),
      ...objects.flatMap(({ id, value }) => [
        checkUnsigned(id, 0xff, 'an object id'),
        checkUnsigned(value.length, 0xff, 'a length'),
        ...value,
      ]),
    ];
  },
  decodeResponse(reader) {
    reader.uint8();
    const readCode = readCodeOf(reader);
    const conformityLevel = reader.uint8();
    if (!CONFORMITY_LEVELS.has(conformityLevel)) throw reader.error(`a conformity level of ${conformityLevel}`);
    const more = reader.uint8();
    if (more !== 0 && more !== 0xff) throw reader.error('whether more follows is FF or 00');
    const nextObjectId = reader.uint8();
    const count = reader.uint8();
    const objects: IdentificationObject[] = [];
    for (let i = 0; i < count; i++) objects.push({ id: reader.uint8(), value: reader.bytes(reader.uint8()) });
    return {
      kind: 'read-device-identification',
      readCode,
      conformityLevel,
      moreFollows: more !== 0,
      nextObjectId,
      objects,
    };
  },
};

function readCodeOf(reader: ByteReader): number {
  const code = reader.uint8();
  if (!READ_CODES.has(code)) throw reader.error(`a read code of ${code}: 1 to 4 are allowed`);
  return code;
}

function checkOneOf(value: number, allowed: ReadonlySet<number>, what: string): number {
  if (allowed.has(value)) return value;
  throw new ModbusError('limit-exceeded', `${what} of ${value}: ${[...allowed].join(', ')} are allowed`);
}

/** The last object of each category: basic, regular, extended. */
const LAST_OF_CATEGORY: Readonly<Record<number, number>> = { 1: 2, 2: 0x7f, 3: 0xff };
/** What an answer has room for beside its head. */
const MAX_OBJECT_BYTES = 246;
const SINGLE_OBJECT = 4;

/**
 * A device's answer about itself, in as many parts as needed.
 * @param texts by object id
 * @throws ModbusException when a single object that was asked for is not there
 */
export function identify(texts: ReadonlyMap<number, string>, readCode: number, objectId: number): ModbusResponse {
  const all = [...texts].sort(([a], [b]) => a - b).map(([id, text]) => ({ id, value: new TextEncoder().encode(text) }));
  const highest = all.at(-1)?.id ?? 0;
  const conformityLevel = 0x80 | (highest > 0x7f ? 3 : highest > 2 ? 2 : 1);
  const answer = { kind: 'read-device-identification', readCode, conformityLevel } as const;
  if (readCode === SINGLE_OBJECT) {
    const objects = all.filter(({ id }) => id === objectId);
    if (objects.length === 0) throw new ModbusException(ILLEGAL_DATA_ADDRESS);
    return { ...answer, moreFollows: false, nextObjectId: 0, objects };
  }
  const wanted = all.filter(({ id }) => id <= (LAST_OF_CATEGORY[readCode] as number));
  // One that is not there begins anew.
  const from = wanted.some(({ id }) => id === objectId) ? objectId : 0;
  const objects: IdentificationObject[] = [];
  let bytes = 0;
  for (const object of wanted.filter(({ id }) => id >= from)) {
    bytes += 2 + object.value.length;
    if (bytes > MAX_OBJECT_BYTES) return { ...answer, moreFollows: true, nextObjectId: object.id, objects };
    objects.push(object);
  }
  return { ...answer, moreFollows: false, nextObjectId: 0, objects };
}
