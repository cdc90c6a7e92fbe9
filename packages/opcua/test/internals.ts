/* What tests use beside the public interface. */
export { decodeServiceBody, encodeServiceBody } from '../src/body.ts';
export { readValue } from '../src/decode-value.ts';
export { elementName } from '../src/element-name.ts';
export { writeValue } from '../src/encode-value.ts';
export * from '../src/index.ts';
export { OctetReader, OctetWriter } from '../src/octets.ts';
export { SCALARS } from '../src/scalars.ts';
export { structureRow } from '../src/structures/index.ts';
export { TRANSPORT_STRUCTURES } from '../src/structures/transport.ts';
export { parseText } from '../src/text.ts';
export { builtInType, COMPOSITES, structureNamed, type Type, typeNamed } from '../src/type.ts';
export { structureFromXml } from '../src/value-from-xml.ts';
export { structureToXml } from '../src/value-to-xml.ts';
