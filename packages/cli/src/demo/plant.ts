import { readFileSync } from 'node:fs';
import type { AdapterConfigInput, GatewayConfigInput } from '@thingward/gateway';
import { fillTemplate, policyTemplates } from '@thingward/guard';
import { BOILER_UUID } from '@thingward/ieee1451/simulator';
import { parse } from 'yaml';

type ThingInput = GatewayConfigInput['things'][number];
type ModbusInput = Extract<ThingInput, { driver: 'modbus-tcp' }>['modbus'];
type Dnp3Input = Extract<ThingInput, { driver: 'dnp3-tcp' }>['dnp3'];

/** The accounts of the demo: its owner, and one for each Thing. */
export const DEMO_ACCOUNTS = ['owner', 'host', 'plc', 'meter', 'lamp', 'substation', 'ncap', 'scada', 'plant'] as const;

export interface PlantAddress {
  readonly host: string;
  readonly port: number;
}

/** Where the devices of the simulated plant are. */
export interface Plant {
  readonly plc: PlantAddress;
  readonly outstation: PlantAddress;
  /** Where the NCAP waits for TIMs. */
  readonly tims: PlantAddress;
}

/** What a control room may do to the tank's PLC over the network. */
const SCADA_POLICY = {
  template: 'registers-within',
  parameters: {
    master: 'scada@localhost',
    devices: 'plant@localhost',
    unit: '1',
    first: '0',
    last: '1',
    least: '100.0',
    most: '1000.0',
  },
};

/** The policies at the devices, by file. */
export function demoPolicies(): ReadonlyMap<string, string> {
  const template = policyTemplates().find(({ name }) => name === SCADA_POLICY.template);
  if (!template) throw new Error(`there is no template ${SCADA_POLICY.template}`);
  return new Map([['scada.cedar', fillTemplate(template, new Map(Object.entries(SCADA_POLICY.parameters)))]]);
}

/** The adapters of the demo: a control room reaches the PLC through the network. @param scada where it connects */
export function demoAdapters(
  passwords: Record<(typeof DEMO_ACCOUNTS)[number], string>,
  { plc }: Plant,
  scada: PlantAddress,
): Pick<AdapterConfigInput, 'ingress' | 'egress'> {
  return {
    ingress: [
      {
        account: { jid: 'scada@localhost', password: passwords.scada },
        protocol: 'modbus',
        listen: address(scada),
        routes: [{ units: 1, to: 'plant@localhost' }],
      },
    ],
    egress: [
      {
        account: { jid: 'plant@localhost', password: passwords.plant },
        protocol: 'modbus',
        masters: [{ jid: 'scada@localhost', writes: true }],
        lines: [{ name: 'tank', connect: address(plc), units: 1 }],
      },
    ],
  };
}

/** The Things of the demo, as a gateway's configuration has them. The register maps and the point list are files beside this one. */
export function demoThings(
  passwords: Record<(typeof DEMO_ACCOUNTS)[number], string>,
  { plc, outstation, tims }: Plant,
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
    {
      account: account('ncap'),
      name: 'Boiler house',
      tags: { MAN: 'thingward.example', MODEL: 'NCAP', CLASS: 'NCAP', SN: 'demo-ncap', V: 1 },
      driver: 'ieee1451',
      ieee1451: { listen: { tcp: address(tims) }, admit: [BOILER_UUID], samples: 16 },
    },
  ];
}

/** As a configuration has it. */
function address({ host, port }: PlantAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function registerMap(file: string, { host, port }: PlantAddress, unit: number): ModbusInput {
  return { ...(yamlFile(file) as Omit<ModbusInput, 'host'>), host, port, unit };
}

function yamlFile(file: string): unknown {
  return parse(readFileSync(new URL(`../../demo/${file}`, import.meta.url), 'utf8'));
}
