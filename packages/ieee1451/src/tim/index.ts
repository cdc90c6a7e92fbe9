export type { TimChannel } from './channel.ts';
export { encodeLinkFrame, type LinkFrame, LinkFrameReader, type LinkKind } from './link-frame.ts';
export { Tim, type TimOptions } from './tim.ts';
export { type RequestOptions, TimClient, type TimClientOptions } from './tim-client.ts';
export { TimServer, type TimServerOptions } from './tim-server.ts';
