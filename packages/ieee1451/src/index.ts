export { BASE_UNITS, type BaseUnit, type Exponents } from './base-units.ts';
export type { Body, BodyValue, Layout, LayoutField } from './body.ts';
export { DERIVED_UNITS } from './derived-units.ts';
export { Ieee1451Error, type Ieee1451ErrorCode, type Ieee1451ErrorDetails } from './error.ts';
export { formatNumber, parseNumber } from './float.ts';
export {
  COMMAND_CLASSES,
  MODULE_COMMANDS,
  type ModuleCommand,
  moduleCommand,
  moduleCommandNamed,
} from './module/commands.ts';
export {
  type CommandMessage,
  commandLength,
  decodeCommand,
  decodeReply,
  encodeCommand,
  encodeReply,
  MAX_DEPENDENT_OCTETS,
  type ReplyMessage,
  replyLength,
  TIM_ADDRESS,
} from './module/message.ts';
export * from './module/status.ts';
export { commandFromXml, commandToXml, replyFromXml, replyToXml } from './module/xml.ts';
export { IEEE1451_NAMESPACE } from './namespace.ts';
export {
  type DecodeNetworkMessageOptions,
  decodeNetworkMessage,
  encodeNetworkMessage,
  type NetworkMessage,
} from './network/message.ts';
export {
  decodeMqttPayload,
  encodeMqttPayload,
  MQTT_DISCOVERY,
  MQTT_ROOT,
  mqttTopic,
  type PayloadEncoding,
  parseMqttTopic,
} from './network/mqtt.ts';
export * from './network/services.ts';
export { networkMessageFromXml, networkMessageToXml } from './network/xml.ts';
export { formatHex, parseHex } from './octets.ts';
export { decodeSamples, encodeSamples, type Sample, type SampleDefinition, sampleDefinition } from './sample.ts';
export { TEDS_CLASSES, TEXT_CLASSES, tedsClassCode, tedsClassName } from './teds/classes.ts';
export {
  type FieldRow,
  isOpaque,
  type KnownField,
  type OpaqueField,
  type TedsField,
  type TedsValue,
} from './teds/field.ts';
export { tedsFromJson, tedsToJson } from './teds/json.ts';
export { type FieldPlace, type FieldPlaces, tedsPlaces } from './teds/places.ts';
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
export { channelUnit, fieldUnit } from './teds/unit-of-field.ts';
export { isUnits } from './teds/units-kind.ts';
export { utf8Text as octetsText } from './teds/value-kinds.ts';
export { tedsFromXml, tedsToXml } from './teds/xml.ts';
export { formatDuration, parseDuration } from './time-duration.ts';
export { type PhysicalUnits, UNIT_INTERPRETATIONS, unitsExpression, unitsFromUcum, unitsToUcum } from './units.ts';
export { formatUuid, NIL_UUID, parseUuid } from './uuid.ts';
