import { Dnp3Connections } from './dnp3/connections.ts';
import { ModbusConnections } from './modbus/connections.ts';

/** The lines to all devices, shared by the Things of a gateway and the masters of an adapter in the same process. */
export class DeviceConnections {
  readonly modbus = new ModbusConnections();
  readonly dnp3 = new Dnp3Connections();

  async closeAll(): Promise<void> {
    this.modbus.closeAll();
    await this.dnp3.closeAll();
  }
}
