export { type ClientDoorsOptions, clientDoors, type SrvLookup, srvLookup } from './client-doors.ts';
export { askDhcp, type DhcpInformOptions } from './dhcp-inform.ts';
export { keyedOption, lastDhclientOption, rawOption, serversInLeases } from './dhcp-leases.ts';
export { DHCP_OPTION, type DhcpMessage, decodeDhcp, encodeInform, xmppServerName } from './dhcp-message.ts';
export * from './find-servers.ts';
export * from './finding-error.ts';
export * from './found-server.ts';
export * from './mdns-browse.ts';
export * from './mdns-link.ts';
export { isName, MDNS_SERVICES, type MdnsRecord, type MdnsService, mdnsRecords, serversIn } from './mdns-records.ts';
export { compareProposals } from './mdns-tie-break.ts';
export { multicastAddresses } from './multicast-addresses.ts';
export { isLinkLocal, type NetworkLink, networkLinks, ssdpAddresses, withoutZone } from './network-links.ts';
export { neighboursOf } from './on-link.ts';
export * from './shown-certificate.ts';
export { inSrvOrder, type SrvRank } from './srv-order.ts';
export { SsdpLink, type SsdpLinkOptions, type SsdpSource } from './ssdp-link.ts';
export {
  decodeSsdp,
  encodeSsdp,
  isForEverybody,
  SSDP_GROUP,
  SSDP_GROUPS_IPV6,
  SSDP_PORT,
  type SsdpMessage,
  ssdpHost,
} from './ssdp-message.ts';
export { type SsdpSearchOptions, searchSsdp } from './ssdp-search.ts';
export {
  type DescribedServer,
  encodeDescription,
  serversInDescription,
  UPNP_DEVICE_TYPE,
  UPNP_XMPP,
} from './upnp-description.ts';
export { type WebDoorsOptions, webDoors } from './web-doors.ts';
