import {
  COMMAND,
  FORM_LIST,
  FORM_RANGE,
  type InteroperabilityInterface,
  maybeSettable,
  optional,
  PERCENT,
  settable,
} from '../interface.ts';

/** Of Things that do something. @see XEP-0000: Interoperability §3.2, XMPP.IoT.Actuator */
export const ACTUATOR_INTERFACES: readonly InteroperabilityInterface[] = [
  {
    name: 'XMPP.IoT.Actuator.AnalogOutput',
    fields: [
      optional('Analog Output', 'momentary', 'numeric'),
      optional('Analog Output, Raw', 'momentary', 'numeric'),
      optional('Analog Output, Bits', 'status', 'numeric'),
      optional('Analog Output, Range, Low', 'status', 'numeric'),
      optional('Analog Output, Range, High', 'status', 'numeric'),
    ],
    parameters: [
      settable('Analog Output', 'double', FORM_RANGE),
      maybeSettable('Analog Output, Raw', ['int', 'long'], FORM_RANGE),
    ],
  },
  {
    name: 'XMPP.IoT.Actuator.AnalogOutputs',
    fields: [
      optional('Analog Output %1%', 'momentary', 'numeric'),
      optional('Analog Output %1%, Raw', 'momentary', 'numeric'),
      optional('Analog Output %1%, Bits', 'status', 'numeric'),
      optional('Analog Output %1%, Range, Low', 'status', 'numeric'),
      optional('Analog Output %1%, Range, High', 'status', 'numeric'),
      optional('Analog Output Count', 'status', 'numeric'),
    ],
    parameters: [
      settable('Analog Output %1%', 'double', FORM_RANGE),
      maybeSettable('Analog Output %1%, Raw', ['int', 'long'], FORM_RANGE),
    ],
  },
  {
    name: 'XMPP.IoT.Actuator.Blinds',
    fields: [optional('Blinds', 'momentary', 'numeric', { unit: '%' })],
    parameters: [settable('Blinds', ['double', 'int'], PERCENT)],
  },
  {
    name: 'XMPP.IoT.Actuator.DigitalOutput',
    fields: [optional('Digital Output', 'momentary', 'boolean')],
    parameters: [settable('Digital Output', 'boolean')],
  },
  {
    name: 'XMPP.IoT.Actuator.DigitalOutputs',
    fields: [
      optional('Digital Output %1%', 'momentary', 'boolean'),
      optional('Digital Output Count', 'status', 'numeric'),
    ],
    parameters: [settable('Digital Output %1%', 'boolean')],
  },
  {
    name: 'XMPP.IoT.Actuator.Dimmer',
    fields: [optional('Dimmer', 'momentary', 'numeric', { unit: '%' }), optional('Fade Time', 'status', 'numeric')],
    parameters: [settable('Dimmer', ['double', 'int'], PERCENT), maybeSettable('Fade Time', 'int', FORM_RANGE)],
  },
  {
    name: 'XMPP.IoT.Actuator.DoorBell',
    fields: [optional('Sound', 'status', 'string'), optional('Sound, Volume', 'status', 'numeric')],
    parameters: [
      settable('Ring', 'boolean', COMMAND),
      maybeSettable('Sound', 'string', FORM_LIST),
      maybeSettable('Sound, Volume', 'double', FORM_RANGE),
    ],
  },
  {
    name: 'XMPP.IoT.Actuator.Fan',
    fields: [optional('Fan', 'momentary', 'numeric', { unit: '%' })],
    parameters: [settable('Fan', ['double', 'int'], PERCENT)],
  },
  {
    name: 'XMPP.IoT.Actuator.Lamp',
    fields: [optional('Lamp', 'momentary', 'boolean')],
    parameters: [settable('Lamp', 'boolean')],
  },
];
