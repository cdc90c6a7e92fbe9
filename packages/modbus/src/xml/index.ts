export {
  decodeRequestPacket,
  decodeResponsePacket,
  encodeRequestPacket,
  encodeResponsePacket,
  MODBUS_NAMESPACE,
  type RequestPacket,
  type ResponsePacket,
} from './packet.ts';
export { MODBUS_SCHEMAS } from './schemas.ts';
