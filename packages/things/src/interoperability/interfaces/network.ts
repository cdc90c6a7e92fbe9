import { type InteroperabilityInterface, optional } from '../interface.ts';

/** Of Things that say how they are connected. @see XEP-0000: Interoperability §3.2, XMPP.IoT.Network */
export const NETWORK_INTERFACES: readonly InteroperabilityInterface[] = [
  {
    name: 'XMPP.IoT.Network.Ethernet',
    fields: [
      optional('Ethernet, Bytes Received/sec', 'status', 'numeric'),
      optional('Ethernet, Bytes Sent/sec', 'status', 'numeric'),
      optional('Ethernet, Bytes Total/sec', 'status', 'numeric'),
      optional('Ethernet, Packets Received/sec', 'status', 'numeric'),
      optional('Ethernet, Packets Sent/sec', 'status', 'numeric'),
      optional('Ethernet, Packets Total/sec', 'status', 'numeric'),
      optional('Ethernet, Packets Outbound Discarded', 'status', 'numeric'),
      optional('Ethernet, Packets Outbound Errors', 'status', 'numeric'),
      optional('Ethernet, Packets Received Discarded', 'status', 'numeric'),
      optional('Ethernet, Packets Received Errors', 'status', 'numeric'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Network.IP',
    fields: [
      optional('IP, Datagrams Received/sec', 'status', 'numeric'),
      optional('IP, Datagrams Sent/sec', 'status', 'numeric'),
      optional('IP, Datagrams Total/sec', 'status', 'numeric'),
      optional('IP, Datagrams Outbound Discarded', 'status', 'numeric'),
      optional('IP, Datagrams Outbound Errors', 'status', 'numeric'),
      optional('IP, Datagrams Received Discarded', 'status', 'numeric'),
      optional('IP, Datagrams Received Errors', 'status', 'numeric'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Network.IPv6',
    fields: [
      optional('IPv6, Datagrams Received/sec', 'status', 'numeric'),
      optional('IPv6, Datagrams Sent/sec', 'status', 'numeric'),
      optional('IPv6, Datagrams Total/sec', 'status', 'numeric'),
      optional('IPv6, Datagrams Outbound Discarded', 'status', 'numeric'),
      optional('IPv6, Datagrams Outbound Errors', 'status', 'numeric'),
      optional('IPv6, Datagrams Received Discarded', 'status', 'numeric'),
      optional('IPv6, Datagrams Received Errors', 'status', 'numeric'),
    ],
    parameters: [],
  },
  {
    name: 'XMPP.IoT.Network.Radio',
    fields: [
      optional('Radio, Signal Strength', 'status', 'numeric', { unit: '%' }),
      optional('Radio, Signal Quality', 'status', 'numeric', { unit: '%' }),
    ],
    parameters: [],
  },
];
