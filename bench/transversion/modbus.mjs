/* Modbus TCP as the benchmark of transversion needs it: devices with ten registers, and a master that reads them. */
import { connect } from 'node:net';
import { encodeTcpFrame, ModbusTcpServer, TcpFrameReader } from '@thingward/modbus';

const READ_TEN = Uint8Array.of(4, 0, 0, 0, 10);
/** Ten registers that never change. */
const UNIT = {
  readCoils: () => [],
  readDiscreteInputs: () => [],
  readHoldingRegisters: (_address, quantity) => new Array(quantity).fill(17),
  readInputRegisters: (_address, quantity) => new Array(quantity).fill(425),
  writeCoils: () => undefined,
  writeRegisters: () => undefined,
};

export const modbus = {
  protocol: 'modbus',
  what: 'a read of ten registers',
  /** Devices behind one door. */
  perDoor: 250,
  /** The device of the nth request on its way: one answers several at a time. */
  inFlight: () => 1,
  master: {},
  units: (text) => ({ units: text }),

  /** Devices with the numbers from 1 on, all at one port. */
  async openDevices(port, count, maxConnections) {
    const units = new Map(Array.from({ length: Math.min(count, 250) }, (_, i) => [i + 1, UNIT]));
    const server = new ModbusTcpServer(units, { maxConnections });
    await server.listen(port, '0.0.0.0');
    return { close: () => server.close() };
  },

  /** A master with one connection. */
  openMaster(port) {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const reader = new TcpFrameReader();
    const waiting = new Map();
    socket.on('data', (chunk) => {
      for (const { transactionId, pdu } of reader.push(chunk)) {
        const settle = waiting.get(transactionId);
        waiting.delete(transactionId);
        settle?.(pdu[0] === READ_TEN[0]);
      }
    });
    let last = 0;
    return {
      /** @returns whether the device has answered */
      ask(unit) {
        return new Promise((resolve) => {
          last = (last + 1) & 0xffff;
          waiting.set(last, resolve);
          socket.write(encodeTcpFrame({ transactionId: last, unit, pdu: READ_TEN }));
        });
      },
      close: () => socket.destroy(),
    };
  },
};
