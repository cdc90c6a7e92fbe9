import type { Socket } from 'node:net';
import {
  encodeSerialFrame,
  encodeTcpFrame,
  receiveSerialFrames,
  type SerialMode,
  TcpFrameReader,
} from '@thingward/modbus';
import { ReadPace } from '../read-pace.ts';
import { TcpDoor, type TcpDoorOptions } from '../tcp-door.ts';
import type { ModbusIngress } from './ingress.ts';
import { SerialIngress } from './ingress-serial.ts';

export interface TcpIngressOptions extends TcpDoorOptions {
  /** Frames of a serial line over TCP; Modbus TCP when not given. */
  readonly mode?: SerialMode | undefined;
  /** Requests of one connection on their way at once; then no more are read from it. */
  readonly maxInFlight: number;
}

/** A door for masters over TCP. @see MODBUS Messaging on TCP/IP V1.0b §4.3 */
export function modbusDoor(ingress: ModbusIngress, options: TcpIngressOptions): TcpDoor {
  const { mode, maxInFlight } = options;
  return new TcpDoor(options, (socket) => {
    if (mode === undefined) serveTcp(ingress, socket, maxInFlight);
    else serveSerialFrames(ingress, socket, mode);
  });
}

function serveSerialFrames(ingress: ModbusIngress, socket: Socket, mode: SerialMode): void {
  const serial = new SerialIngress(ingress, (frame) => {
    if (socket.writable) socket.write(encodeSerialFrame(mode, frame));
  });
  receiveSerialFrames(socket, { mode }, (frame) => serial.take(frame));
}

function serveTcp(ingress: ModbusIngress, socket: Socket, maxInFlight: number): void {
  const reader = new TcpFrameReader();
  const pace = new ReadPace(socket, maxInFlight);
  socket.on('data', (chunk) => {
    try {
      for (const { transactionId, unit, pdu } of reader.push(chunk)) {
        pace.began();
        void ingress.carry({ unit, transactionId, pdu }).then((answer) => {
          // The master may have gone.
          if (answer && socket.writable) socket.write(encodeTcpFrame({ transactionId, unit, pdu: answer }));
          pace.ended();
        });
      }
      pace.check();
    } catch {
      // No Modbus TCP: there is no way back into step with it.
      socket.destroy();
    }
  });
}
