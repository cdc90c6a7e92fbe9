import { EventEmitter } from 'node:events';
import type { Body } from '../body.ts';
import { Ieee1451Error } from '../error.ts';
import { type ModuleCommand, moduleCommandNamed } from '../module/commands.ts';
import { type CommandMessage, decodeCommand, decodeReply, encodeCommand } from '../module/message.ts';
import { NO_TEDS_OFFSET } from '../module/status.ts';
import { concatOctets, OctetReader, parseHex } from '../octets.ts';
import { decodeTeds, type Teds } from '../teds/teds.ts';
import { formatUuid } from '../uuid.ts';
import type { TimLink } from './link.ts';
import type { LinkFrame } from './link-frame.ts';
import { type TcpLinkOptions, TcpTimLink } from './tcp-link.ts';

export interface TimClientOptions {
  /** How long an answer is waited for; 5000 when not given. */
  readonly timeoutMs?: number | undefined;
}

export interface RequestOptions {
  readonly timeoutMs?: number | undefined;
  /** Ends the waiting, not what the TIM does. */
  readonly signal?: AbortSignal | undefined;
}

/** Commands without an answer yet, at most. */
const MAX_WAITING = 256;
/** A TEDS that says it is longer is not read. */
const MAX_TEDS_OCTETS = 1_000_000;

/** Times that a command which only reads is sent, over links that may lose it. */
const READ_ATTEMPTS = 3;

interface Waiting {
  readonly command: ModuleCommand;
  settle(outcome: Body | Ieee1451Error): void;
}

/**
 * An NCAP's end of a link to a TIM. `message` is what the TIM tells by itself, `close` the end of the link, with the reason where we did not
 * close it.
 */
export class TimClient extends EventEmitter<{ message: [CommandMessage]; close: [reason: string | undefined] }> {
  readonly link: TimLink;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #greetings = new Map<number, (uuid: Uint8Array) => void>();
  #sequence = 0;
  #isClosed = false;

  constructor(link: TimLink, { timeoutMs = 5000 }: TimClientOptions = {}) {
    super();
    this.link = link;
    this.#timeoutMs = timeoutMs;
    link.on('frame', (frame) => this.#received(frame));
    link.once('close', (reason) => {
      const code = this.#isClosed ? 'closed' : 'not-connected';
      for (const { command, settle } of [...this.#waiting.values()]) {
        const lost = this.#isClosed ? 'the connection was closed' : 'the connection to the TIM was lost';
        settle(changes(command) ? unknown(command, lost) : new Ieee1451Error(code, lost));
      }
      this.emit('close', reason);
    });
  }

  /** Connects to a TIM over TCP. @throws Ieee1451Error `not-connected` */
  static async connect({ timeoutMs, ...options }: TcpLinkOptions): Promise<TimClient> {
    return new TimClient(await TcpTimLink.connect({ ...options, timeoutMs }), { timeoutMs });
  }

  /** Ends the connection; what waits for an answer fails. */
  close(): void {
    this.#isClosed = true;
    this.link.close();
  }

  /** Asks the TIM who it is. @returns the UUID it says it has. @throws Ieee1451Error `no-answer`, `not-connected` */
  async greet({ timeoutMs = this.#timeoutMs, signal }: RequestOptions = {}): Promise<string> {
    if (!this.link.isOpen) throw notConnected();
    const sequence = this.#nextSequence();
    return new Promise((resolve, reject) => {
      const end = (error: Ieee1451Error) => {
        stop();
        reject(error);
      };
      const silent = () => end(new Ieee1451Error('no-answer', `the TIM did not say who it is in ${timeoutMs} ms`));
      const closed = () => end(notConnected());
      const timer = setTimeout(silent, timeoutMs);
      const stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', silent);
        this.link.off('close', closed);
        this.#greetings.delete(sequence);
      };
      this.#greetings.set(sequence, (uuid) => {
        stop();
        resolve(formatUuid(uuid));
      });
      this.link.once('close', closed);
      signal?.addEventListener('abort', silent, { once: true });
      this.link.send({ kind: 'hello', sequence, message: new Uint8Array(0) }, { isAnswered: true });
    });
  }

  /**
   * Sends a command once. @param name as in `MODULE_COMMANDS`. @returns what the reply carries; nothing for commands without reply
   * @throws Ieee1451Error `refused` when the TIM says that it failed, `no-answer` or, for commands that change something, `outcome-unknown`
   */
  async request(channel: number, name: string, body: Body = {}, options: RequestOptions = {}): Promise<Body> {
    const command = moduleCommandNamed(name);
    if (!command) throw new Ieee1451Error('limit-exceeded', `there is no command ${name}`);
    const { commandClass, commandFunction } = command;
    const message = encodeCommand({ channel, commandClass, commandFunction, body });
    if (!this.link.isOpen) throw notConnected();
    if (this.#waiting.size >= MAX_WAITING) {
      throw new Ieee1451Error('limit-exceeded', `${MAX_WAITING} commands wait for an answer already`);
    }
    const sequence = this.#nextSequence();
    if (command.reply === 'none') {
      this.link.send({ kind: 'command', sequence, message });
      return {};
    }
    return new Promise((resolve, reject) => {
      const { timeoutMs = this.#timeoutMs, signal } = options;
      if (signal?.aborted) {
        reject(new Ieee1451Error('closed', `${name} was ended before it was sent`));
        return;
      }
      let timer: ReturnType<typeof setTimeout> | undefined;
      let takeBack = () => false;
      let attempts = this.link.isLossy && !changes(command) ? READ_ATTEMPTS : 1;
      const waitMs = timeoutMs / attempts;
      const settle = (outcome: Body | Ieee1451Error) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', ended);
        this.#waiting.delete(sequence);
        if (outcome instanceof Ieee1451Error) reject(outcome);
        else resolve(outcome);
      };
      const give = (why: string) => {
        if (takeBack()) settle(new Ieee1451Error('closed', `${name} was ended before it was sent`));
        else settle(changes(command) ? unknown(command, why) : new Ieee1451Error('no-answer', why));
      };
      const ended = () => give('it was no longer waited for');
      const late = () => {
        if (--attempts > 0) send();
        else give(`the TIM did not answer ${name} in ${timeoutMs} ms`);
      };
      // On a shared line it may be long until it is sent: the TIM's time begins then.
      const onSent = () => {
        clearTimeout(timer);
        timer = setTimeout(late, waitMs);
      };
      const send = () => {
        takeBack = this.link.send({ kind: 'command', sequence, message }, { isAnswered: true, onSent });
      };
      this.#waiting.set(sequence, { command, settle });
      signal?.addEventListener('abort', ended, { once: true });
      try {
        send();
      } catch (error) {
        if (!(error instanceof Ieee1451Error)) throw error;
        settle(error);
      }
    });
  }

  /** The octets of a TEDS, segment by segment; undefined when there is none. @throws Ieee1451Error as `request`, `malformed-teds` */
  async readTedsOctets(
    channel: number,
    accessCode: number,
    options: RequestOptions = {},
  ): Promise<Uint8Array | undefined> {
    const segments: Uint8Array[] = [];
    let read = 0;
    for (let length = 4; read < length; ) {
      const { offset, octets } = await this.request(
        channel,
        'read-teds-segment',
        { accessCode, offset: read },
        options,
      );
      const segment = parseHex(String(octets)) ?? new Uint8Array(0);
      if (offset === NO_TEDS_OFFSET) return undefined;
      if (offset !== read || segment.length === 0) {
        throw new Ieee1451Error('malformed-teds', `the TIM has ${read} octets of a TEDS of ${length}`, {
          offset: read,
        });
      }
      segments.push(segment);
      read += segment.length;
      if (length === 4 && read >= 4) length = 4 + lengthOf(concatOctets(segments));
    }
    return concatOctets(segments);
  }

  /** A TEDS; undefined when there is none. @throws Ieee1451Error as `request`, `malformed-teds`, `wrong-checksum` */
  async readTeds(channel: number, accessCode: number, options: RequestOptions = {}): Promise<Teds | undefined> {
    const octets = await this.readTedsOctets(channel, accessCode, options);
    return octets && decodeTeds(octets);
  }

  /** The octets of a data set, segment by segment, up to so many. @throws Ieee1451Error as `request` */
  async readDataSet(channel: number, octets: number, options: RequestOptions = {}): Promise<Uint8Array> {
    const segments: Uint8Array[] = [];
    for (let read = 0; read < octets; ) {
      const reply = await this.request(channel, 'read-data-set-segment', { offset: read }, options);
      const segment = parseHex(String(reply.octets)) ?? new Uint8Array(0);
      if (segment.length === 0) break;
      segments.push(segment.subarray(0, octets - read));
      read += segment.length;
    }
    return concatOctets(segments);
  }

  #nextSequence(): number {
    do this.#sequence = (this.#sequence + 1) % 0x10000;
    while (this.#sequence === 0 || this.#waiting.has(this.#sequence) || this.#greetings.has(this.#sequence));
    return this.#sequence;
  }

  #received({ kind, sequence, message }: LinkFrame): void {
    try {
      if (kind === 'reply') this.#answered(sequence, message);
      else if (kind === 'initiated') this.emit('message', decodeCommand(message));
      else if (kind === 'hello') this.#greetings.get(sequence)?.(message);
    } catch (error) {
      if (!(error instanceof Ieee1451Error)) throw error;
      // It speaks something else: there is no way back into step with it.
      this.link.close(`what came is no message: ${error.message}`);
    }
  }

  #answered(sequence: number, message: Uint8Array): void {
    // An answer that nobody waits for any more.
    const waiting = this.#waiting.get(sequence);
    if (!waiting) return;
    const { flag, body } = decodeReply(message, waiting.command);
    waiting.settle(flag === 0 ? new Ieee1451Error('refused', `the TIM refuses ${waiting.command.name}`) : body);
  }
}

function notConnected(): Ieee1451Error {
  return new Ieee1451Error('not-connected', 'there is no connection to the TIM');
}

function lengthOf(octets: Uint8Array): number {
  const length = new OctetReader(octets, 'malformed-teds').unsigned(4, 'the length of a TEDS');
  if (length <= MAX_TEDS_OCTETS) return length;
  throw new Ieee1451Error('malformed-teds', `a TEDS of ${length} octets is not read: ${MAX_TEDS_OCTETS} are the most`, {
    offset: 0,
  });
}

function changes({ name }: ModuleCommand): boolean {
  return !name.startsWith('read-') && !name.startsWith('query-');
}

function unknown({ name }: ModuleCommand, why: string): Ieee1451Error {
  return new Ieee1451Error('outcome-unknown', `whether ${name} happened is not known: ${why}`);
}
