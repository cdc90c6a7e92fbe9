import { type ModbusClient, ModbusTcpClient } from '@thingward/modbus';
import type { ModbusConnections } from '../../drivers/modbus/connections.ts';
import type { LineConfig } from './config.ts';
import type { EgressLine } from './egress.ts';

/** The connection to the devices of a line. */
export function egressLine(config: LineConfig, connections: ModbusConnections): EgressLine {
  const { name, units, timeoutMs, maxInFlight } = config;
  const client = clientOf(config, connections);
  // A serial line takes one request at a time.
  return { name, units, client, timeoutMs, maxInFlight: client instanceof ModbusTcpClient ? maxInFlight : 1 };
}

function clientOf(config: LineConfig, connections: ModbusConnections): ModbusClient {
  const { connect: address, serial, framing, timeoutMs, maxInFlight } = config;
  if (serial) return connections.toSerialPort(serial, framing === 'ascii' ? 'ascii' : 'rtu', timeoutMs);
  if (!address) throw new Error('a line has a serial port or an address');
  const line = { ...address, timeoutMs, maxInFlight };
  return framing === 'rtu' || framing === 'ascii' ? connections.toSerialOverTcp(line, framing) : connections.to(line);
}
