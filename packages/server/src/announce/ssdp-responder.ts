import { createHash } from 'node:crypto';
import { release, type } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@thingward/xmpp';
import {
  type DescribedServer,
  encodeDescription,
  encodeSsdp,
  isForEverybody,
  SsdpLink,
  type SsdpMessage,
  type SsdpSource,
  ssdpHost,
  UPNP_DEVICE_TYPE,
} from '@thingward/xmpp/finding';
import { DescriptionDoor } from './description-door.ts';

export interface SsdpResponderOptions {
  /** IPv4 address of the network interface; or an IPv6 address, with the name of the interface behind a percent sign. */
  readonly address: string;
  /** 1900 but in tests. */
  readonly port?: number | undefined;
  /** Port of the description; 0: any. */
  readonly descriptionPort: number;
  /** What there is to be told here; it may change. */
  readonly describe: () => Omit<DescribedServer, 'configId'>;
  /** Number of this start of the server: later ones have higher. */
  readonly bootId: number;
  readonly log: Logger;
  /** For tests. */
  readonly random?: () => number;
}

/** What neighbours may remember it for. @see UPnP Device Architecture 2.0 §1.2.2 */
const MAX_AGE_SECONDS = 1800;
/** It is told anew before half of that is over. */
const LONGEST_PAUSE_MS = (MAX_AGE_SECONDS / 2) * 1000;
/** Packets may be lost. */
const REPETITIONS = 2;
const REPETITION_PAUSE_MS = 300;
/** Whoever asks for more time gets this. @see UPnP Device Architecture 2.0 §1.3.3 */
const MAX_MX_SECONDS = 5;
/** Without a time to spread answers over they come within this. */
const UNICAST_DELAY_MS = 100;
/** Searches that wait for their answers; of one neighbour, and of all. */
const MAX_WAITING = 100;
const MAX_WAITING_OF_ONE = 5;

/** Tells one link by SSDP where the server is. @see XEP-0347 §3.3.3, UPnP Device Architecture 2.0 §1 */
export class SsdpResponder {
  readonly #options: SsdpResponderOptions;
  readonly #link: SsdpLink;
  readonly #door: DescriptionDoor;
  readonly #stopping = new AbortController();
  readonly #waiting = new Map<Promise<void>, string>();
  #notifying: Promise<void> = Promise.resolve();

  private constructor(link: SsdpLink, door: DescriptionDoor, options: SsdpResponderOptions) {
    this.#options = options;
    this.#link = link;
    this.#door = door;
  }

  /** Begins to tell. @throws FindingError */
  static async start(options: SsdpResponderOptions): Promise<SsdpResponder> {
    const { address, port, descriptionPort } = options;
    const link = await SsdpLink.open({ address, port, isListening: true });
    try {
      const door = await DescriptionDoor.open(address, descriptionPort, () => describedBy(options));
      const responder = new SsdpResponder(link, door, options);
      link.listen((message, source) => responder.#take(message, source));
      responder.#notifying = responder.#notify();
      return responder;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  /** Where the description is. */
  get location(): string {
    return this.#door.url;
  }

  /** Says goodbye. @see UPnP Device Architecture 2.0 §1.2.3 */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#notifying, ...this.#waiting.keys()]);
    try {
      for (const { target, usn } of this.#announced) {
        const ids = { 'BOOTID.UPNP.ORG': this.#options.bootId, 'CONFIGID.UPNP.ORG': this.#configId };
        await this.#link.send(
          encodeSsdp('notify', { HOST: this.#host, NT: target, NTS: 'ssdp:byebye', USN: usn, ...ids }),
        );
      }
    } catch (error) {
      this.#options.log.debug({ reason: (error as Error).message }, 'SSDP: no goodbye could be said');
    }
    await this.#link.close();
    await this.#door.close();
  }

  get #host(): string {
    return ssdpHost(this.#link.groups[0] as string, this.#options.port);
  }

  get #configId(): number {
    return configIdOf(this.#options);
  }

  /** What is announced: a root device, itself, and what kind it is of. @see UPnP Device Architecture 2.0 §1.2.2 table 1-1 */
  get #announced(): readonly { readonly target: string; readonly usn: string }[] {
    const { udn } = this.#options.describe();
    return [
      { target: 'upnp:rootdevice', usn: `${udn}::upnp:rootdevice` },
      { target: udn, usn: udn },
      { target: UPNP_DEVICE_TYPE, usn: `${udn}::${UPNP_DEVICE_TYPE}` },
    ];
  }

  /** Tells everybody, again and again until it stops. */
  async #notify(): Promise<void> {
    const { log, random = Math.random } = this.#options;
    const { signal } = this.#stopping;
    const pause = (milliseconds: number) =>
      delay(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
    await pause(100 * random());
    while (!signal.aborted) {
      try {
        for (let i = 0; i < REPETITIONS && !signal.aborted; i++) {
          if (i > 0) await pause(REPETITION_PAUSE_MS);
          for (const { target, usn } of this.#announced) {
            const message = { HOST: this.#host, ...this.#common, NT: target, NTS: 'ssdp:alive', USN: usn };
            await this.#link.send(encodeSsdp('notify', message));
          }
        }
      } catch (error) {
        log.debug({ reason: (error as Error).message }, 'SSDP: the server could not be announced');
      }
      await pause(LONGEST_PAUSE_MS * (0.5 + random() / 2));
    }
  }

  get #common(): Readonly<Record<string, string | number>> {
    const { bootId, describe } = this.#options;
    return {
      'CACHE-CONTROL': `max-age=${MAX_AGE_SECONDS}`,
      LOCATION: this.#door.url,
      SERVER: `${type()}/${release()} UPnP/2.0 Thingward/${describe().version}`,
      'BOOTID.UPNP.ORG': bootId,
      'CONFIGID.UPNP.ORG': this.#configId,
    };
  }

  #take({ kind, headers }: SsdpMessage, source: SsdpSource): void {
    if (kind !== 'search' || headers.get('MAN') !== '"ssdp:discover"' || this.#stopping.signal.aborted) return;
    const wanted = headers.get('ST') ?? '';
    const answers = this.#announced.filter(({ target }) => wanted === 'ssdp:all' || wanted === target);
    if (answers.length === 0) return;
    const withinMs = patienceOf(headers);
    const ofOne = [...this.#waiting.values()].filter((address) => address === source.address).length;
    if (withinMs === undefined || this.#waiting.size >= MAX_WAITING || ofOne >= MAX_WAITING_OF_ONE) return;
    const answering = this.#answer(answers, source, withinMs);
    this.#waiting.set(answering, source.address);
    void answering.finally(() => this.#waiting.delete(answering));
  }

  /** @see UPnP Device Architecture 2.0 §1.3.3 */
  async #answer(
    answers: readonly { readonly target: string; readonly usn: string }[],
    source: SsdpSource,
    withinMs: number,
  ): Promise<void> {
    const { log, random = Math.random } = this.#options;
    try {
      await delay(random() * withinMs, undefined, { signal: this.#stopping.signal, ref: false });
      for (const { target, usn } of answers) {
        const message = { ...this.#common, DATE: new Date().toUTCString(), EXT: '', ST: target, USN: usn };
        await this.#link.send(encodeSsdp('response', message), source);
      }
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        log.debug({ reason: (error as Error).message }, 'SSDP: no answer could be sent');
    }
  }
}

/** How long answers may be spread over; undefined for who has asked everybody without saying. @see UPnP Device Architecture 2.0 §1.3.3 */
function patienceOf(headers: ReadonlyMap<string, string>): number | undefined {
  const text = headers.get('MX');
  if (text === undefined) return isForEverybody(headers) ? undefined : UNICAST_DELAY_MS;
  return /^[1-9]\d{0,5}$/.test(text) ? Math.min(Number(text), MAX_MX_SECONDS) * 1000 : undefined;
}

function describedBy(options: SsdpResponderOptions): string {
  return encodeDescription({ ...options.describe(), configId: configIdOf(options) });
}

/** Another one for another description. @see UPnP Device Architecture 2.0 §2.3 */
function configIdOf({ describe }: SsdpResponderOptions): number {
  const digest = createHash('sha256').update(JSON.stringify(describe())).digest();
  return digest.readUInt32BE(0) & 0xff_ff_ff;
}
