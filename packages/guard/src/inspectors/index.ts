import type { PacketInspector } from '../packet-inspector.ts';
import { brokerInspector } from './broker.ts';
import { commandsInspector } from './commands.ts';
import { concentratorInspector } from './concentrator.ts';
import { controlInspector } from './control.ts';
import { dnp3Inspector } from './dnp3.ts';
import { eventsInspector } from './events.ts';
import { historyInspector } from './history.ts';
import { httpInspector } from './http.ts';
import { ieee1451Inspector } from './ieee1451.ts';
import { modbusInspector } from './modbus.ts';
import { opcuaInspector } from './opcua.ts';
import { provisioningInspector } from './provisioning.ts';
import { pubsubInspector } from './pubsub.ts';
import { registryInspector } from './registry.ts';
import { sensorDataInspector } from './sensor-data.ts';

/** All there are. What is not in this table, nor in that of ordinary namespaces, is `unknown`. */
export const INSPECTORS: readonly PacketInspector[] = [
  sensorDataInspector,
  eventsInspector,
  controlInspector,
  concentratorInspector,
  httpInspector,
  pubsubInspector,
  registryInspector,
  provisioningInspector,
  historyInspector,
  brokerInspector,
  commandsInspector,
  modbusInspector,
  dnp3Inspector,
  opcuaInspector,
  ieee1451Inspector,
];
