export { isAnswerTo } from './answer.ts';
export { AsciiFrameReader, encodeAsciiFrame } from './ascii-frame.ts';
export type { ConnectionState, ModbusClient, ModbusRequestOptions } from './client.ts';
export { type CoalesceOptions, planReads, type ReadPlan, splitPlan } from './coalesce.ts';
export { EXCEPTIONS, ModbusError, type ModbusErrorCode, ModbusException } from './error.ts';
export { decodeRequest, decodeResponse, encodeRequest, encodeResponse, functionCodeOf } from './functions.ts';
export { IDENTIFICATION_OBJECTS } from './identification-function.ts';
export {
  type Diagnostics,
  type FileRecord,
  type FileRecordReference,
  type IdentificationObject,
  isWrite,
  type ModbusRequest,
  type ModbusResponse,
  type OpaquePdu,
} from './pdu.ts';
export {
  decodeBit,
  decodeRegisters,
  encodeRegisters,
  isBitTable,
  type PointAddress,
  PointRangeError,
  type PointType,
  type PointValue,
  pointLength,
  type RegisterTable,
} from './register-map.ts';
export { encodeRtuFrame, RtuFrameReader } from './rtu-frame.ts';
export {
  BROADCAST_UNIT,
  ModbusSerialClient,
  type ModbusSerialClientOptions,
  silenceBetweenFrames,
} from './serial-client.ts';
export type { SerialFrame, SerialMode } from './serial-frame.ts';
export { encodeSerialFrame, receiveSerialFrames, type SerialServerOptions, serveSerialLine } from './serial-server.ts';
export { ModbusTcpClient, type ModbusTcpClientOptions } from './tcp-client.ts';
export { encodeTcpFrame, type TcpFrame, TcpFrameReader } from './tcp-frame.ts';
export { ModbusTcpServer, type ModbusTcpServerOptions } from './tcp-server.ts';
export { answerPdu, encodeException, type ModbusUnit, perform } from './unit.ts';
export * from './xml/index.ts';
