export * from './finding-error.ts';
export * from './found-server.ts';
export * from './mdns-browse.ts';
export * from './mdns-link.ts';
export { isName, MDNS_SERVICES, type MdnsRecord, type MdnsService, mdnsRecords, serversIn } from './mdns-records.ts';
export { multicastAddresses } from './multicast-addresses.ts';
