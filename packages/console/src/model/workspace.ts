import { type ReadonlySignal, signal } from '@preact/signals-core';
import { Jid } from '@thingward/xmpp';
import { Access } from './access.ts';
import type { Connection } from './connection.ts';
import { Directory } from './directory.ts';
import { EventFeed } from './event-feed.ts';
import { ThingMonitor } from './thing-monitor.ts';

/** What somebody who is signed in works with. */
export class Workspace {
  readonly connection: Connection;
  readonly directory: Directory;
  readonly access: Access;
  readonly events: EventFeed;
  readonly isOnline: ReadonlySignal<boolean>;
  readonly isVisible: ReadonlySignal<boolean>;
  readonly #monitors = new Map<string, ThingMonitor>();
  readonly #stop: () => void;

  constructor(connection: Connection, isVisible: ReadonlySignal<boolean>) {
    this.connection = connection;
    this.isVisible = isVisible;
    this.directory = new Directory(connection);
    this.access = new Access(connection);
    const isOnline = signal(connection.state === 'online');
    this.isOnline = isOnline;
    this.events = new EventFeed({ connection, isOnline, isVisible });
    this.#stop = connection.onState((state) => {
      isOnline.value = state === 'online';
    });
  }

  /** The monitor of a Thing: always the same, so that what was read stays when one goes from page to page. */
  monitorOf(bareJid: string): ThingMonitor {
    let monitor = this.#monitors.get(bareJid);
    if (!monitor) {
      monitor = new ThingMonitor({
        connection: this.connection,
        thing: Jid.parse(bareJid),
        isOnline: this.isOnline,
        isVisible: this.isVisible,
        isAvailable: this.directory.isAvailable(bareJid),
      });
      this.#monitors.set(bareJid, monitor);
    }
    return monitor;
  }

  close(): void {
    this.#stop();
    this.directory.close();
    this.access.close();
  }
}
