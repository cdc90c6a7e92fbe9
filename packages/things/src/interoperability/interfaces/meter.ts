import { type InteroperabilityInterface, optional, required } from '../interface.ts';

/** Of Things that count what is consumed. @see XEP-0000: Interoperability §3.2, XMPP.IoT.Meter */
export const METER_INTERFACES: readonly InteroperabilityInterface[] = [
  {
    name: 'XMPP.IoT.Meter.Cooling',
    fields: [
      required('Energy', 'momentary', 'numeric'),
      required('Volume', 'momentary', 'numeric'),
      optional('Power', 'momentary', 'numeric'),
      optional('Flow', 'momentary', 'numeric'),
      optional('Temperature Difference', 'momentary', 'numeric'),
      optional('Supply Temperature', 'momentary', 'numeric'),
      optional('Return Temperature', 'momentary', 'numeric'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Meter.Electricity',
    fields: [required('Energy', 'momentary', 'numeric'), optional('Power', 'momentary', 'numeric')],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Meter.Gas',
    fields: [required('Volume', 'momentary', 'numeric'), optional('Flow', 'momentary', 'numeric')],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Meter.Heat',
    fields: [
      required('Energy', 'momentary', 'numeric'),
      required('Volume', 'momentary', 'numeric'),
      optional('Power', 'momentary', 'numeric'),
      optional('Flow', 'momentary', 'numeric'),
      optional('Temperature Difference', 'momentary', 'numeric'),
      optional('Supply Temperature', 'momentary', 'numeric'),
      optional('Return Temperature', 'momentary', 'numeric'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Meter.HeatingCooling',
    fields: [
      required('Energy', 'momentary', 'numeric'),
      required('Volume', 'momentary', 'numeric'),
      optional('Power', 'momentary', 'numeric'),
      optional('Flow', 'momentary', 'numeric'),
      optional('Temperature Difference', 'momentary', 'numeric'),
      optional('Supply Temperature', 'momentary', 'numeric'),
      optional('Return Temperature', 'momentary', 'numeric'),
    ],
    parameters: [],
  },
  { name: 'XMPP.IoT.Meter.PulseCounter', fields: [required('Counter', 'momentary', 'numeric')], parameters: [] },
  {
    name: 'XMPP.IoT.Meter.PulseCounters',
    fields: [required('Counter %1%', 'momentary', 'numeric'), optional('Pulse Counter Count', 'status', 'numeric')],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Meter.Water',
    fields: [required('Volume', 'momentary', 'numeric'), optional('Flow', 'momentary', 'numeric')],
    parameters: [],
  },
];
