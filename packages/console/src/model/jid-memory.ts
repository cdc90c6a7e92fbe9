/** Keeps the JID for the next sign-in on this device. Nothing else is ever kept. */
export interface JidMemory {
  load(): string | undefined;
  save(jid: string): void;
  clear(): void;
}

const KEY = 'thingward.jid';

/** In the browser's local storage; forgets at once where that is not allowed. */
export function storedJidMemory(storage: Storage | undefined): JidMemory {
  return {
    load: () => attempt(() => storage?.getItem(KEY) ?? undefined),
    save: (jid) => attempt(() => storage?.setItem(KEY, jid)),
    clear: () => attempt(() => storage?.removeItem(KEY)),
  };
}

/** Storage throws where it is full or blocked. */
function attempt<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch {
    return undefined;
  }
}
