export type { TimChannel } from './channel.ts';
export { watchLink } from './heartbeat.ts';
export type { SendOptions, TimLink, TimLinkEvents } from './link.ts';
export {
  decodeLinkFrame,
  encodeLinkFrame,
  LINK_KINDS,
  type LinkFrame,
  LinkFrameReader,
  type LinkKind,
} from './link-frame.ts';
export { SerialBus, type SerialBusOptions } from './serial-bus.ts';
export { encodeSerialFrame, SERIAL_ADDRESSES, type SerialFrame, SerialFrameReader } from './serial-frame.ts';
export { SerialTimLink } from './serial-tim.ts';
export { TcpLinkListener, type TcpLinkOptions, TcpTimLink } from './tcp-link.ts';
export { Tim, type TimOptions } from './tim.ts';
export { type RequestOptions, TimClient, type TimClientOptions } from './tim-client.ts';
export { TimDialler, type TimDiallerOptions } from './tim-dialler.ts';
export { TimEnd, type TimEndOptions } from './tim-end.ts';
export { TimServer, type TimServerOptions } from './tim-server.ts';
export { UdpLinkPort } from './udp-link.ts';
