import { type InteroperabilityInterface, optional, required } from '../interface.ts';

/** Of Things that measure something. @see XEP-0000: Interoperability §3.2, XMPP.IoT.Sensor */
export const SENSOR_INTERFACES: readonly InteroperabilityInterface[] = [
  {
    name: 'XMPP.IoT.Sensor.AnalogInput',
    fields: [
      required('Analog Input', 'momentary', 'numeric'),
      optional('Analog Input, Raw', 'momentary', 'numeric'),
      optional('Analog Input, Bits', 'status', 'numeric'),
      optional('Analog Input, Range, Low', 'status', 'numeric'),
      optional('Analog Input, Range, High', 'status', 'numeric'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Sensor.AnalogInputs',
    fields: [
      required('Analog Input %1%', 'momentary', 'numeric'),
      optional('Analog Input %1%, Raw', 'momentary', 'numeric'),
      optional('Analog Input %1%, Bits', 'status', 'numeric'),
      optional('Analog Input %1%, Range, Low', 'status', 'numeric'),
      optional('Analog Input %1%, Range, High', 'status', 'numeric'),
      optional('Analog Input Count', 'status', 'numeric'),
    ],
    parameters: [],
  },
  { name: 'XMPP.IoT.Sensor.Current', fields: [required('Current', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.DewPoint', fields: [required('Dew Point', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.DigitalInput', fields: [required('Digital Input', 'momentary', 'boolean')], parameters: [] },
  {
    name: 'XMPP.IoT.Sensor.DigitalInputs',
    fields: [
      required('Digital Input %1%', 'momentary', 'boolean'),
      optional('Digital Input Count', 'status', 'numeric'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Sensor.Direction',
    fields: [required('Direction', 'momentary', 'numeric', { category: 'Angle' })],
    parameters: [],
  },
  { name: 'XMPP.IoT.Sensor.Distance', fields: [required('Distance', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.Force', fields: [required('Force', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.Frequency', fields: [required('Frequency', 'momentary', 'numeric')], parameters: [] },
  {
    name: 'XMPP.IoT.Sensor.Humidity',
    fields: [
      required('Relative Humidity', 'momentary', 'numeric'),
      optional('Temperature', 'momentary', 'numeric'),
      optional('Dew Point', 'momentary', 'numeric'),
    ],
    parameters: [],
  },
  { name: 'XMPP.IoT.Sensor.Illuminance', fields: [required('Illuminance', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.Mass', fields: [required('Mass', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.MassFlow', fields: [required('Mass Flow', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.Pressure', fields: [required('Pressure', 'momentary', 'numeric')], parameters: [] },
  {
    name: 'XMPP.IoT.Sensor.Rain',
    fields: [required('Is Raining', 'momentary', 'boolean'), optional('Rain Rate', 'momentary', 'numeric')],
    parameters: [],
  },
  { name: 'XMPP.IoT.Sensor.Resistance', fields: [required('Resistance', 'momentary', 'numeric')], parameters: [] },
  {
    name: 'XMPP.IoT.Sensor.SolarRadiation',
    fields: [required('Solar Radiation', 'momentary', 'numeric')],
    parameters: [],
  },
  { name: 'XMPP.IoT.Sensor.Speed', fields: [required('Speed', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.Temperature', fields: [required('Temperature', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.TideLevel', fields: [required('Tide Level', 'momentary', 'numeric')], parameters: [] },
  {
    name: 'XMPP.IoT.Sensor.Velocity',
    fields: [
      required('Velocity, Speed', 'momentary', 'numeric'),
      required('Velocity, Direction', 'momentary', 'numeric', { category: 'Angle' }),
    ],
    parameters: [],
  },
  { name: 'XMPP.IoT.Sensor.Voltage', fields: [required('Voltage', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.Volume', fields: [required('Volume', 'momentary', 'numeric')], parameters: [] },
  { name: 'XMPP.IoT.Sensor.Weight', fields: [required('Weight', 'momentary', 'numeric')], parameters: [] },
  {
    name: 'XMPP.IoT.Sensor.WindDirection',
    fields: [
      optional('Wind, Direction', 'momentary', 'numeric', { category: 'Angle' }),
      optional('Wind, Direction, Variation', 'momentary', 'numeric'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Sensor.WindSpeed',
    fields: [
      required('Wind, Speed', 'momentary', 'numeric'),
      optional('Wind, Speed, Variation', 'momentary', 'numeric'),
    ],
    parameters: [],
  },
];
