import { readFileSync } from 'node:fs';
import type { GatewayConfigInput } from '@thingward/gateway';
import { parse } from 'yaml';

type ThingInput = GatewayConfigInput['things'][number];
type ModbusInput = Extract<ThingInput, { driver: 'modbus-tcp' }>['modbus'];
type Dnp3Input = Extract<ThingInput, { driver: 'dnp3-tcp' }>['dnp3'];

/** The accounts of the demo: its owner, and one for each Thing. */
export const DEMO_ACCOUNTS = ['owner', 'host', 'plc', 'meter', 'lamp', 'substation'] as const;

export interface PlantAddress {
  readonly host: string;
  readonly port: number;
}

/** Where the devices of the simulated plant are. */
export interface Plant {
  readonly plc: PlantAddress;
  readonly outstation: PlantAddress;
}

/** The Things of the demo, as a gateway's configuration has them. The register maps and the point list are files beside this one. */
export function demoThings(
  passwords: Record<(typeof DEMO_ACCOUNTS)[number], string>,
  { plc, outstation }: Plant,
): ThingInput[] {
  const account = (name: Exclude<(typeof DEMO_ACCOUNTS)[number], 'owner'>) => ({
    jid: `${name}@localhost`,
    password: passwords[name],
  });
  return [
    {
      account: account('host'),
      name: 'This machine',
      tags: { MAN: 'thingward.example', MODEL: 'Direct I/O', CLASS: 'Computer', SN: 'demo-host', V: 1 },
      driver: 'direct-io',
    },
    {
      account: account('plc'),
      name: 'Water tank',
      tags: { MAN: 'thingward.example', MODEL: 'Tank PLC', CLASS: 'PLC', SN: 'demo-plc', V: 1 },
      interfaces: ['XMPP.IoT.Sensor.Temperature', 'XMPP.IoT.Identity.Name', 'XMPP.IoT.Identity.Manufacturer'],
      driver: 'modbus-tcp',
      modbus: registerMap('tank-plc.yaml', plc, 1),
    },
    {
      account: account('meter'),
      name: 'Pump energy meter',
      tags: { MAN: 'thingward.example', MODEL: 'Energy meter', CLASS: 'Meter', SN: 'demo-meter', V: 1 },
      interfaces: ['XMPP.IoT.Meter.Electricity', 'XMPP.IoT.Sensor.Voltage', 'XMPP.IoT.Sensor.Current'],
      driver: 'modbus-tcp',
      modbus: registerMap('pump-meter.yaml', plc, 2),
    },
    {
      account: account('lamp'),
      name: 'Yard lamp',
      tags: { MAN: 'thingward.example', MODEL: 'Dimmable lamp', CLASS: 'Lamp', SN: 'demo-lamp', V: 1 },
      interfaces: ['XMPP.IoT.Actuator.Lamp', 'XMPP.IoT.Actuator.Dimmer'],
      driver: 'modbus-tcp',
      modbus: registerMap('yard-lamp.yaml', plc, 3),
    },
    {
      account: account('substation'),
      name: 'Substation',
      tags: { MAN: 'thingward.example', MODEL: 'Substation RTU', CLASS: 'RTU', SN: 'demo-substation', V: 1 },
      driver: 'dnp3-tcp',
      dnp3: { ...(yamlFile('substation.yaml') as Omit<Dnp3Input, 'host'>), ...outstation },
    },
  ];
}

function registerMap(file: string, { host, port }: PlantAddress, unit: number): ModbusInput {
  return { ...(yamlFile(file) as Omit<ModbusInput, 'host'>), host, port, unit };
}

function yamlFile(file: string): unknown {
  return parse(readFileSync(new URL(`../../demo/${file}`, import.meta.url), 'utf8'));
}
