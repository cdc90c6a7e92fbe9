import {
  COMMAND,
  FORM_LIST,
  FORM_RANGE,
  type InteroperabilityInterface,
  maybeSettable,
  optional,
  POSITIVE,
  required,
} from '../interface.ts';

/** Of Things that say what they hold and where it goes. @see XEP-0000: Interoperability §3.2, XMPP.IoT.Logistics */
export const LOGISTICS_INTERFACES: readonly InteroperabilityInterface[] = [
  {
    name: 'XMPP.IoT.Logistics.Contents',
    fields: [
      required('Item %1%, Description', 'identity', 'string'),
      optional('Item %1%, Code', 'identity', 'string'),
      optional('Item %1%, Count', 'identity', 'numeric'),
      optional('Item %1%, Value', 'identity', 'numeric'),
    ],
    parameters: [
      maybeSettable('Remove Item', 'int', POSITIVE),
      maybeSettable('Item Description', 'string'),
      maybeSettable('Item Code', 'string'),
      maybeSettable('Item Value', 'double'),
      maybeSettable('Item Currency', 'string', { kind: 'characters', count: 3 }),
      maybeSettable('Item Count', ['string', 'int'], POSITIVE),
      maybeSettable('Add Item', 'boolean', COMMAND),
      maybeSettable('Clear Items', 'boolean', COMMAND),
    ],
  },
  {
    name: 'XMPP.IoT.Logistics.Route',
    fields: [
      optional('Source, URL', 'identity', 'string'),
      optional('Source, Latitude', 'identity', 'numeric', { unit: '°' }),
      optional('Source, Longitude', 'identity', 'numeric', { unit: '°' }),
      optional('Source, Altitude', 'identity', 'numeric'),
      optional('Waypoint %1%, URL', 'identity', 'string'),
      optional('Waypoint %1%, Latitude', 'identity', 'numeric', { unit: '°' }),
      optional('Waypoint %1%, Longitude', 'identity', 'numeric', { unit: '°' }),
      optional('Waypoint %1%, Altitude', 'identity', 'numeric'),
      optional('Destination, URL', 'identity', 'string'),
      optional('Destination, Latitude', 'identity', 'numeric', { unit: '°' }),
      optional('Destination, Longitude', 'identity', 'numeric', { unit: '°' }),
      optional('Destination, Altitude', 'identity', 'numeric'),
    ],
    parameters: [
      maybeSettable('Remove Waypoint', 'int', POSITIVE),
      maybeSettable('Remove Source', 'boolean', COMMAND),
      maybeSettable('Remove Destination', 'boolean', COMMAND),
      maybeSettable('Point URL', 'string'),
      maybeSettable('Point Latitude', 'double', { kind: 'between', min: -90, max: 90 }),
      maybeSettable('Point Longitude', 'double', { kind: 'between', min: -180, max: 180 }),
      maybeSettable('Point Altitude', 'double', FORM_RANGE),
      maybeSettable('Add Point', 'string', FORM_LIST),
      maybeSettable('Clear Points', 'boolean', COMMAND),
    ],
  },
];
