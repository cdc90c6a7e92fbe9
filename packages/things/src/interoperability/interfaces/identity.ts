import {
  COMMAND,
  FORM_LIST,
  FORM_RANGE,
  type InteroperabilityInterface,
  maybeSettable,
  optional,
  required,
  settable,
} from '../interface.ts';

/** Of Things that say what and where they are. @see XEP-0000: Interoperability §3.2, XMPP.IoT.Identity */
export const IDENTITY_INTERFACES: readonly InteroperabilityInterface[] = [
  {
    name: 'XMPP.IoT.Identity.Address',
    fields: [
      optional('Country', 'identity', 'string'),
      optional('Region', 'identity', 'string'),
      optional('City', 'identity', 'string'),
      optional('Area', 'identity', 'string'),
      optional('Street', 'identity', 'string'),
      optional('Street Number', 'identity', 'string'),
      optional('Postal Code', 'identity', 'string'),
      optional('Building', 'identity', 'string'),
      optional('Apartment', 'identity', 'string'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Identity.Application',
    fields: [
      optional('Application Version', 'identity', 'string'),
      optional('Application Name', 'identity', 'string'),
      optional('Copyright', 'identity', 'string'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Identity.Battery',
    fields: [
      optional('Battery Charge', 'status', 'numeric', { unit: '%' }),
      optional('Battery Life Time', 'status', 'numeric'),
      optional('Wakeup Interval', 'status', 'numeric', { unit: 's' }),
    ],
    parameters: [maybeSettable('Wakeup Interval', 'int', FORM_RANGE)],
  },
  {
    name: 'XMPP.IoT.Identity.Clock',
    fields: [required('Clock', 'status', 'dateTime')],
    parameters: [maybeSettable('Clock', 'dateTime'), maybeSettable('Adjust Clock', 'int', FORM_RANGE)],
  },
  {
    name: 'XMPP.IoT.Identity.DeviceID',
    fields: [required('Device ID', 'identity', 'string'), optional('Device ID, Scheme', 'identity', 'string')],
    parameters: [],
  },
  { name: 'XMPP.IoT.Identity.Ethernet', fields: [required('MAC', 'identity', 'string')], parameters: [] },
  {
    name: 'XMPP.IoT.Identity.GSM',
    fields: [
      optional('GSM, MSISDN', 'identity', 'string'),
      optional('GSM, IMSI', 'identity', 'string'),
      optional('GSM, TMSI', 'identity', 'string'),
      optional('GSM, IMEI', 'identity', 'string'),
      optional('GSM, MSRN', 'identity', 'string'),
      optional('GSM, LAI', 'identity', 'string'),
      optional('GSM, CGI', 'identity', 'string'),
      optional('GSM, BSIC', 'identity', 'string'),
      optional('GSM, ICCID', 'identity', 'string'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Identity.Language',
    fields: [required('Language', 'status', 'string')],
    parameters: [maybeSettable('Language', 'string', FORM_LIST)],
  },
  {
    name: 'XMPP.IoT.Identity.IP',
    fields: [
      required('IP, Address', 'identity', 'string'),
      optional('IP, Subnet Mask', 'identity', 'string'),
      optional('IP, Default Gateway', 'identity', 'string'),
      optional('IP, DHCP', 'identity', 'string'),
      optional('IP, DNS %1%', 'identity', 'string'),
      optional('IP, Dynamic Address', 'identity', 'boolean'),
      optional('IP, Dynamic DNS', 'identity', 'boolean'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Identity.IPv6',
    fields: [
      required('IPv6, Address', 'identity', 'string'),
      optional('IPv6, Default Gateway', 'identity', 'string'),
      optional('IPv6, DNS %1%', 'identity', 'string'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Identity.Location',
    fields: [
      required('Location, Latitude', 'identity', 'numeric', { unit: '°' }),
      required('Location, Longitude', 'identity', 'numeric', { unit: '°' }),
      optional('Location, Altitude', 'identity', 'numeric'),
    ],
    parameters: [
      maybeSettable('Location, Latitude', 'double', { kind: 'between', min: -90, max: 90 }),
      maybeSettable('Location, Longitude', 'double', { kind: 'between', min: -180, max: 180 }),
      maybeSettable('Location, Altitude', 'double', FORM_RANGE),
    ],
  },
  {
    name: 'XMPP.IoT.Identity.Manufacturer',
    fields: [required('Manufacturer', 'identity', 'string'), optional('Manufacturer, URL', 'identity', 'string')],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Identity.Name',
    fields: [required('Name', 'identity', 'string')],
    parameters: [maybeSettable('Name', 'string')],
  },
  {
    name: 'XMPP.IoT.Identity.NodeID',
    fields: [required('Node ID', 'identity', 'string'), optional('Node ID, Scheme', 'identity', 'string')],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Identity.RFID',
    fields: [required('RFID, Tag', 'identity', 'string'), optional('RFID, Reader ID', 'identity', 'string')],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Identity.UserID',
    fields: [optional('User ID', 'identity', 'string'), optional('User ID, Scheme', 'identity', 'string')],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Identity.Version',
    fields: [
      optional('Firmware Version', 'identity', 'string'),
      optional('Kernel Version', 'identity', 'string'),
      optional('Operating System Version', 'identity', 'string'),
    ],
    parameters: [],
  },
  { name: 'XMPP.IoT.Identity.Wink', fields: [], parameters: [settable('Wink', 'boolean', COMMAND)] },
  {
    name: 'XMPP.IoT.Identity.ZWave',
    fields: [
      optional('ZWave, Library Type', 'identity', 'numeric'),
      optional('ZWave, Protocol Version', 'identity', 'string'),
      optional('ZWave, Application Version', 'identity', 'string'),
    ],
    parameters: [],
  },
];
