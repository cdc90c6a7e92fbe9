import type { Socket } from 'node:net';

/** Both ends of a TCP connection, also when it was wrapped in TLS: no two that are open have the same. */
export function endpoints({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
