import {
  type ControlParameter,
  ControlRefused,
  type Field,
  type FieldType,
  type FieldValue,
  ParameterError,
  type ParameterValue,
  ReadoutFailure,
} from '@thingward/things';
import { StanzaError } from '@thingward/xmpp';

/** A value over time: seconds since 1970 to a number. */
type Signal = (time: number) => number;

const wave = (middle: number, swing: number, period: number, phase = 0): Signal => {
  return (time) =>
    middle +
    swing * Math.sin((2 * Math.PI * time) / period + phase) +
    swing * 0.12 * Math.sin(time * 1.7 + phase) +
    swing * 0.05 * Math.sin(time * 7.3);
};

interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly decimals: number;
  readonly at: Signal;
  readonly qos?: Field['qos'];
}

export interface Device {
  readonly measured: readonly Measured[];
  readonly states: () => Readonly<Record<string, boolean>>;
  readonly identity: Readonly<Record<string, string>>;
  readonly parameters: readonly ControlParameter[];
  readonly interfaces?: readonly string[];
}

/** A small plant in the page: enough to see every state of the views. */
export class Plant {
  pump = true;
  inlet = true;
  lamp = true;
  dimmer = 60;
  valve = '40.0';
  mode = 'auto';
  isUnplugged = false;
  refusesPump = false;
  readonly devices: ReadonlyMap<string, Device>;

  constructor() {
    const valve: Signal = () => Number(this.valve);
    this.devices = new Map<string, Device>([
      [
        'plc@localhost',
        {
          measured: [
            { name: 'Tank level', unit: '%', decimals: 1, at: wave(62, 14, 240) },
            { name: 'Inlet valve position', unit: '%', decimals: 1, at: valve },
            { name: 'Water temperature', unit: '°C', decimals: 2, at: wave(18.4, 0.8, 900) },
            { name: 'Inflow', unit: 'm³/h', decimals: 3, at: wave(12.2, 1.4, 120) },
            { name: 'Outflow', unit: 'm³/h', decimals: 3, at: wave(11.8, 2.1, 160, 1) },
            {
              name: 'Volume',
              unit: 'm³',
              decimals: 2,
              at: wave(6.2, 1.4, 240),
              qos: ['automaticReadout', 'automaticEstimate'],
            },
          ],
          states: () => ({
            'Pump on': this.pump,
            'Inlet valve open': this.inlet,
            'High level alarm': wave(62, 14, 240)(Date.now() / 1000) > 74,
            'Low level alarm': false,
            Connected: true,
          }),
          identity: {
            Manufacturer: 'Example Automation',
            Model: 'TankPLC 4',
            'Serial number': 'TP4-00317',
            Firmware: '2.6.1',
            Address: '127.0.0.1:5020, unit 1',
          },
          parameters: [
            { name: 'Pump on', type: 'boolean', label: 'Pump' },
            { name: 'Inlet valve open', type: 'boolean', label: 'Inlet valve' },
            {
              name: 'Inlet valve position',
              type: 'double',
              label: 'Inlet valve position',
              unit: '%',
              min: 0,
              max: 100,
            },
            {
              name: 'Mode',
              type: 'string',
              label: 'Mode',
              description: 'Who decides when the pump runs',
              options: [
                { label: 'Automatic', value: 'auto' },
                { label: 'Manual', value: 'manual' },
              ],
            },
          ],
        },
      ],
      [
        'lamp@localhost',
        {
          measured: [
            { name: 'Dimmer', unit: '%', decimals: 0, at: () => this.dimmer },
            { name: 'Temperature', unit: '°C', decimals: 1, at: wave(11.2, 1.8, 300) },
          ],
          states: () => ({ Lamp: this.lamp }),
          identity: { Manufacturer: 'thingward.example', Model: 'Yard lamp' },
          parameters: [
            { name: 'Lamp', type: 'boolean', label: 'Lamp' },
            { name: 'Dimmer', type: 'int', label: 'Brightness', unit: '%', min: 0, max: 100 },
          ],
          interfaces: ['XMPP.IoT.Actuator.Lamp', 'XMPP.IoT.Actuator.Dimmer', 'XMPP.IoT.Sensor.Temperature'],
        },
      ],
      [
        'host@localhost',
        {
          measured: [
            { name: 'CPU load', unit: '%', decimals: 1, at: wave(31, 18, 80) },
            { name: 'Load 1 min', unit: '', decimals: 2, at: wave(0.9, 0.5, 300) },
            { name: 'Load 5 min', unit: '', decimals: 2, at: wave(0.8, 0.2, 900) },
            { name: 'Load 15 min', unit: '', decimals: 2, at: wave(0.7, 0.1, 2700) },
            { name: 'Memory available', unit: 'MiB', decimals: 0, at: wave(5210, 400, 700) },
            { name: 'Disk used', unit: '%', decimals: 1, at: wave(47.3, 0.2, 6000) },
            { name: 'Temperature CPU', unit: '°C', decimals: 1, at: wave(54, 6, 200) },
          ],
          states: () => ({}),
          identity: { 'Host name': 'workbench', System: 'Linux 6.1.0', CPU: 'Some CPU at 2.90 GHz', CPUs: '2' },
          parameters: [],
        },
      ],
      [
        'meter@localhost',
        {
          measured: [
            { name: 'Voltage', unit: 'V', decimals: 1, at: wave(231, 1.5, 60) },
            { name: 'Current', unit: 'A', decimals: 3, at: wave(3.1, 0.4, 120) },
            { name: 'Power', unit: 'W', decimals: 0, at: wave(702, 80, 120) },
            { name: 'Energy', unit: 'kWh', decimals: 3, at: (time) => 1200 + (time % 1e6) / 1000 },
          ],
          states: () => ({ Connected: true }),
          identity: { Manufacturer: 'thingward.example', Model: 'EM24', 'Serial number': 'EM-24-118' },
          parameters: [],
          interfaces: ['XMPP.IoT.Meter.Electricity', 'XMPP.IoT.Sensor.Voltage', 'XMPP.IoT.Sensor.Current'],
        },
      ],
    ]);
  }

  unplug(): void {
    this.isUnplugged = true;
  }

  plugIn(): void {
    this.isUnplugged = false;
  }

  read(jid: string, types: readonly FieldType[]): Field[] {
    const device = this.#device(jid);
    if (this.isUnplugged && jid === 'plc@localhost') {
      throw new ReadoutFailure([{ timestamp: new Date(), message: 'The PLC at 127.0.0.1:5020 does not answer' }]);
    }
    const timestamp = new Date();
    const field = (
      name: string,
      value: FieldValue,
      type: FieldType,
      qos: Field['qos'] = ['automaticReadout'],
    ): Field => ({
      name,
      value,
      types: [type],
      qos,
      timestamp,
    });
    const all = [
      ...Object.entries(device.states()).map(([name, value]) => field(name, { type: 'boolean', value }, 'status')),
      ...device.measured.map(({ name, unit, decimals, at, qos }) =>
        field(name, { type: 'numeric', value: at(Date.now() / 1000).toFixed(decimals), unit }, 'momentary', qos),
      ),
      ...Object.entries(device.identity).map(([name, value]) => field(name, { type: 'string', value }, 'identity')),
    ];
    return all.filter((one) => one.types.some((type) => types.includes(type)));
  }

  valueOf(name: string): ParameterValue | undefined {
    if (name === 'Pump on') return { type: 'boolean', value: this.pump };
    if (name === 'Lamp') return { type: 'boolean', value: this.lamp };
    if (name === 'Dimmer') return { type: 'int', value: this.dimmer };
    if (name === 'Inlet valve open') return { type: 'boolean', value: this.inlet };
    if (name === 'Inlet valve position') return { type: 'double', value: this.valve };
    return name === 'Mode' ? { type: 'string', value: this.mode } : undefined;
  }

  set(values: ReadonlyMap<string, ParameterValue>): void {
    if (this.isUnplugged) throw new StanzaError('remote-server-timeout');
    for (const [name, { value }] of values) {
      if (name === 'Pump on' && this.refusesPump) {
        const why = new ParameterError('rejected-by-device', name, 'The pump is locked out: dry-run protection');
        throw new ControlRefused([why], new StanzaError('not-acceptable'));
      }
      if (name === 'Pump on') this.pump = value === true;
      if (name === 'Lamp') this.lamp = value === true;
      if (name === 'Dimmer') this.dimmer = Number(value);
      if (name === 'Inlet valve open') this.inlet = value === true;
      if (name === 'Inlet valve position') this.valve = Number(value).toFixed(1);
      if (name === 'Mode') this.mode = String(value);
    }
  }

  #device(jid: string): Device {
    const device = this.devices.get(jid);
    if (!device) throw new StanzaError('item-not-found');
    return device;
  }
}
