export { type CoalesceOptions, planReads, type ReadPlan, splitPlan } from './coalesce.ts';
export { EXCEPTIONS, ModbusError, type ModbusErrorCode, ModbusException } from './error.ts';
export { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from './functions.ts';
export { isWrite, type ModbusRequest, type ModbusResponse, type OpaquePdu } from './pdu.ts';
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
export { type ConnectionState, ModbusTcpClient, type ModbusTcpClientOptions } from './tcp-client.ts';
export { encodeTcpFrame, type TcpFrame, TcpFrameReader } from './tcp-frame.ts';
export { ModbusTcpServer, type ModbusTcpServerOptions, type ModbusUnit, perform } from './tcp-server.ts';
