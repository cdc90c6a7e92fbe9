import { createServer, type Server, type Socket } from 'node:net';
import { type ListenAddress, ListenError, listen } from './listen.ts';

export interface DoorOptions {
  /** Its key in the configuration's `listen`. */
  readonly name: string;
  /** Are connections handed on before a byte was read? */
  readonly pauseOnConnect?: boolean;
  /** Takes a new connection. */
  readonly take: (socket: Socket) => void;
}

/** A port for connections. It may move while those it has taken go on. */
export class Door {
  readonly name: string;
  readonly #options: DoorOptions;
  #listener: Server | undefined;
  #wanted: ListenAddress | undefined;

  constructor(options: DoorOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#listener !== undefined;
  }

  /** Host and port it really has; undefined while it is closed. */
  get address(): ListenAddress | undefined {
    const address = this.#listener?.address();
    return address && typeof address === 'object' ? { host: address.address, port: address.port } : undefined;
  }

  /**
   * Opens it, closes it (undefined), or moves it to another address. When that fails it stays where it was.
   * @returns what takes the change back
   * @throws ListenError
   */
  async move(wanted: ListenAddress | undefined): Promise<() => Promise<void>> {
    const before = this.#wanted;
    if (before?.host === wanted?.host && before?.port === wanted?.port) return async () => undefined;
    const former = this.#listener;
    // Two doors at one port stand in each other's way, even at different addresses.
    const isSamePort = before !== undefined && before.port === wanted?.port && before.port !== 0;
    if (isSamePort) this.close();
    try {
      const opened = wanted && (await this.#open(wanted));
      if (!isSamePort) former?.close();
      this.#listener = opened;
      this.#wanted = wanted;
    } catch (error) {
      if (isSamePort) {
        this.#listener = await this.#open(before);
        this.#wanted = before;
      }
      throw error;
    }
    return async () => {
      await this.move(before);
    };
  }

  /** Takes no new connections. Resolves when those it has taken are gone. */
  close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#wanted = undefined;
    return new Promise((resolve) => {
      if (listener) listener.close(() => resolve());
      else resolve();
    });
  }

  #open(address: ListenAddress): Promise<Server> {
    const { name, take, pauseOnConnect = false } = this.#options;
    return listen(createServer({ noDelay: true, pauseOnConnect }, take), name, address);
  }
}

/** Moves doors together: all of them, or none. @throws ListenError */
export async function moveDoors(
  doors: readonly (readonly [Door, ListenAddress | undefined])[],
): Promise<() => Promise<void>> {
  const undo: (() => Promise<void>)[] = [];
  const takeBack = async () => {
    for (const back of undo.reverse()) await back();
  };
  try {
    for (const [door, address] of doors) undo.push(await door.move(address));
  } catch (error) {
    await takeBack().catch((failure: unknown) => {
      throw new ListenError('listen', `${(error as Error).message}; ${(failure as Error).message}`);
    });
    throw error;
  }
  return takeBack;
}
