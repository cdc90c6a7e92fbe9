import type { Server } from 'node:net';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A door could not be opened: says which, where and why. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Opens a door. @param what the key in the configuration's `listen` @throws ListenError */
export function listen<T extends Server>(server: T, what: string, { host, port }: ListenAddress): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, what, { host, port }));
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      resolve(server);
    });
  });
}

export function listenError(error: NodeJS.ErrnoException, what: string, { host, port }: ListenAddress): ListenError {
  const why =
    error.code === 'EADDRINUSE'
      ? 'the port is already in use by another program'
      : error.code === 'EACCES'
        ? 'this user may not open this port'
        : error.code === 'EADDRNOTAVAIL'
          ? 'this machine has no such address'
          : error.message;
  return new ListenError(error.code ?? 'listen', `can't listen on ${host}:${port} (listen.${what}): ${why}`);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(host);
}
