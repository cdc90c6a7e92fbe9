import { findInterface } from './find-interface.ts';
import type { InterfaceField, InterfaceParameter, InteroperabilityInterface } from './interface.ts';

/** One element of how a Thing is shown. */
export type ViewElement =
  /** A number, with its unit. */
  | { readonly kind: 'value'; readonly field: string }
  /** A number from 0 to 100. */
  | { readonly kind: 'gauge'; readonly field: string }
  /** On or off, to look at. */
  | { readonly kind: 'indicator'; readonly field: string }
  | { readonly kind: 'text'; readonly field: string }
  | { readonly kind: 'time'; readonly field: string }
  /** On or off, to set; `field`, where it is there, says what is so now. */
  | { readonly kind: 'switch'; readonly parameter: string; readonly field?: string }
  | {
      readonly kind: 'slider';
      readonly parameter: string;
      readonly min: number;
      readonly max: number;
      readonly field?: string;
    }
  /** Does something when it is pressed: sets the parameter to true. */
  | { readonly kind: 'button'; readonly parameter: string }
  /** A number, text or time to be given; the control form has its bounds and options. */
  | { readonly kind: 'input'; readonly parameter: string; readonly field?: string };

/** How a Thing with an interface is shown. `%1%` in names stands for a number, as in the interface. */
export interface InterfaceView {
  /** What kind of picture stands for it: the group of its name in lower case, or something more telling. */
  readonly symbol: string;
  /** The first is the most important. */
  readonly elements: readonly ViewElement[];
}

/** More telling than the name of the group. */
const SYMBOLS: Readonly<Record<string, string>> = {
  'XMPP.IoT.Actuator.Blinds': 'blinds',
  'XMPP.IoT.Actuator.Dimmer': 'lamp',
  'XMPP.IoT.Actuator.DoorBell': 'bell',
  'XMPP.IoT.Actuator.Fan': 'fan',
  'XMPP.IoT.Actuator.Lamp': 'lamp',
  'XMPP.IoT.Identity.Battery': 'battery',
  'XMPP.IoT.Identity.Clock': 'clock',
  'XMPP.IoT.Identity.Location': 'map',
  'XMPP.IoT.Logistics.Route': 'map',
  'XMPP.IoT.Media.Camera': 'camera',
  'XMPP.IoT.Media.LoudSpeakers': 'speaker',
  'XMPP.IoT.Media.Microphone': 'microphone',
  'XMPP.IoT.Media.Display': 'display',
  'XMPP.IoT.Media.TextDisplay': 'display',
  'XMPP.IoT.Media.Recorder': 'recorder',
  'XMPP.IoT.Meter.Electricity': 'electricity',
  'XMPP.IoT.Meter.Gas': 'flame',
  'XMPP.IoT.Meter.Heat': 'flame',
  'XMPP.IoT.Meter.Water': 'drop',
  'XMPP.IoT.Network.Radio': 'radio',
  'XMPP.IoT.Security.Door': 'door',
  'XMPP.IoT.Security.Lock': 'lock',
  'XMPP.IoT.Security.Window': 'window',
  'XMPP.IoT.Sensor.Humidity': 'drop',
  'XMPP.IoT.Sensor.Illuminance': 'sun',
  'XMPP.IoT.Sensor.Rain': 'rain',
  'XMPP.IoT.Sensor.SolarRadiation': 'sun',
  'XMPP.IoT.Sensor.Temperature': 'thermometer',
  'XMPP.IoT.Sensor.WindDirection': 'wind',
  'XMPP.IoT.Sensor.WindSpeed': 'wind',
};

/** How a Thing with this interface is shown: a lamp has a switch. Undefined for an interface that is not known. */
export function interfaceView(name: string): InterfaceView | undefined {
  const shown = findInterface(name);
  if (!shown) return undefined;
  const [, , group = 'Sensor'] = name.split('.');
  return { symbol: SYMBOLS[name] ?? group.toLowerCase(), elements: elementsOf(shown) };
}

/** What can be set comes first, and shows what is so; then what must be there before what may be. */
function elementsOf({ fields, parameters }: InteroperabilityInterface): readonly ViewElement[] {
  const byImportance = <T extends { readonly isRequired: boolean }>(items: readonly T[]) =>
    [...items].sort((a, b) => Number(b.isRequired) - Number(a.isRequired));
  const settable = new Set(parameters.map(({ name }) => name));
  return [
    ...byImportance(parameters).map((parameter) => controlOf(parameter, fields)),
    ...byImportance(fields)
      .filter(({ name }) => !settable.has(name))
      .map(displayOf),
  ];
}

function controlOf(
  { name: parameter, types, range }: InterfaceParameter,
  fields: readonly InterfaceField[],
): ViewElement {
  const field = fields.some(({ name }) => name === parameter) ? { field: parameter } : {};
  if (range.kind === 'command') return { kind: 'button', parameter };
  if (range.kind === 'between') return { kind: 'slider', parameter, min: range.min, max: range.max, ...field };
  return types.includes('boolean') ? { kind: 'switch', parameter, ...field } : { kind: 'input', parameter, ...field };
}

function displayOf({ name: field, value, unit }: InterfaceField): ViewElement {
  switch (value) {
    case 'boolean':
      return { kind: 'indicator', field };
    case 'dateTime':
    case 'date':
    case 'time':
    case 'duration':
      return { kind: 'time', field };
    case 'string':
    case 'enum':
      return { kind: 'text', field };
    default:
      return unit === '%' ? { kind: 'gauge', field } : { kind: 'value', field };
  }
}
