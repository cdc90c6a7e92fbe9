export { BASE_UNITS, type BaseUnit, type Exponents } from './base-units.ts';
export { Ieee1451Error, type Ieee1451ErrorCode, type Ieee1451ErrorDetails } from './error.ts';
export { formatNumber, parseNumber } from './float.ts';
export { IEEE1451_NAMESPACE } from './namespace.ts';
export { formatHex, parseHex } from './octets.ts';
export { TEDS_CLASSES, TEXT_CLASSES, tedsClassCode, tedsClassName } from './teds/classes.ts';
export { isOpaque, type KnownField, type OpaqueField, type TedsField, type TedsValue } from './teds/field.ts';
export { tedsFromJson, tedsToJson } from './teds/json.ts';
export { describeProblem, describeTeds, type TedsProblem, tedsProblems } from './teds/problems.ts';
export {
  type DecodeTedsOptions,
  decodeTeds,
  decodeTedsBlock,
  encodeTeds,
  encodeTedsBlock,
  type Teds,
  type TedsIdentification,
  tedsChecksum,
  tedsValue,
} from './teds/teds.ts';
export { DATA_MODELS, SAMPLING_MODE_BITS } from './teds/transducer-channel.ts';
export { channelUnit } from './teds/unit-of-field.ts';
export { tedsFromXml, tedsToXml } from './teds/xml.ts';
export { type PhysicalUnits, UNIT_INTERPRETATIONS, unitsExpression, unitsFromUcum, unitsToUcum } from './units.ts';
export { formatUuid, NIL_UUID, parseUuid } from './uuid.ts';
