import { EventEmitter } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Body } from '../body.ts';
import { Ieee1451Error } from '../error.ts';
import { type ModuleCommand, moduleCommandNamed } from '../module/commands.ts';
import { type CommandMessage, decodeCommand, decodeReply, encodeCommand } from '../module/message.ts';
import { NO_TEDS_OFFSET } from '../module/status.ts';
import { concatOctets, OctetReader, parseHex } from '../octets.ts';
import { decodeTeds, type Teds } from '../teds/teds.ts';
import { encodeLinkFrame, LinkFrameReader } from './link-frame.ts';

export interface TimClientOptions {
  readonly host: string;
  readonly port: number;
  /** How long a connection and an answer are waited for; 5000 when not given. */
  readonly timeoutMs?: number | undefined;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal | undefined;
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

interface Waiting {
  readonly command: ModuleCommand;
  settle(outcome: Body | Ieee1451Error): void;
}

/** An NCAP's connection to a TIM. `message` is what the TIM tells by itself, `close` the end of the connection. */
export class TimClient extends EventEmitter<{ message: [CommandMessage]; close: [] }> {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #sequence = 0;
  #isClosed = false;

  private constructor(socket: Socket, timeoutMs: number) {
    super();
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    const reader = new LinkFrameReader();
    socket.on('data', (chunk) => {
      try {
        for (const { kind, sequence, message } of reader.push(chunk)) {
          if (kind === 'reply') this.#answered(sequence, message);
          else if (kind === 'initiated') this.emit('message', decodeCommand(message));
        }
      } catch {
        // No messages of ours: there is no way back into step with it.
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      const code = this.#isClosed ? 'closed' : 'not-connected';
      for (const { command, settle } of [...this.#waiting.values()]) {
        const lost = this.#isClosed ? 'the connection was closed' : 'the connection to the TIM was lost';
        settle(changes(command) ? unknown(command, lost) : new Ieee1451Error(code, lost));
      }
      this.emit('close');
    });
  }

  /** @throws Ieee1451Error `not-connected` */
  static async connect({ host, port, timeoutMs = 5000, signal }: TimClientOptions): Promise<TimClient> {
    const limit = AbortSignal.timeout(timeoutMs);
    const end = signal ? AbortSignal.any([signal, limit]) : limit;
    const socket = connect({ host, port, noDelay: true });
    try {
      await new Promise<void>((resolve, reject) => {
        const ended = () => reject(new Error(limit.aborted ? `no answer in ${timeoutMs} ms` : 'it was ended'));
        if (end.aborted) ended();
        end.addEventListener('abort', ended, { once: true });
        socket.once('error', reject);
        socket.once('connect', () => {
          end.removeEventListener('abort', ended);
          socket.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      socket.on('error', () => undefined);
      socket.destroy();
      throw new Ieee1451Error('not-connected', `no connection to ${host}:${port}: ${(cause as Error).message}`, {
        cause,
      });
    }
    return new TimClient(socket, timeoutMs);
  }

  /** Ends the connection; what waits for an answer fails. */
  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
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
    if (this.#socket.destroyed) throw new Ieee1451Error('not-connected', 'there is no connection to the TIM');
    if (this.#waiting.size >= MAX_WAITING) {
      throw new Ieee1451Error('limit-exceeded', `${MAX_WAITING} commands wait for an answer already`);
    }
    const sequence = this.#nextSequence();
    if (command.reply === 'none') {
      this.#socket.write(encodeLinkFrame({ kind: 'command', sequence, message }));
      return {};
    }
    return new Promise((resolve, reject) => {
      const { timeoutMs = this.#timeoutMs, signal } = options;
      const settle = (outcome: Body | Ieee1451Error) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', ended);
        this.#waiting.delete(sequence);
        if (outcome instanceof Ieee1451Error) reject(outcome);
        else resolve(outcome);
      };
      const give = (why: string) =>
        settle(changes(command) ? unknown(command, why) : new Ieee1451Error('no-answer', why));
      const ended = () => give('it was no longer waited for');
      const timer = setTimeout(() => give(`the TIM did not answer ${name} in ${timeoutMs} ms`), timeoutMs);
      this.#waiting.set(sequence, { command, settle });
      if (signal?.aborted) {
        settle(new Ieee1451Error('closed', `${name} was ended before it was sent`));
        return;
      }
      signal?.addEventListener('abort', ended, { once: true });
      this.#socket.write(encodeLinkFrame({ kind: 'command', sequence, message }));
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
    while (this.#waiting.has(this.#sequence));
    return this.#sequence;
  }

  #answered(sequence: number, message: Uint8Array): void {
    // An answer that nobody waits for any more.
    const waiting = this.#waiting.get(sequence);
    if (!waiting) return;
    const { flag, body } = decodeReply(message, waiting.command);
    waiting.settle(flag === 0 ? new Ieee1451Error('refused', `the TIM refuses ${waiting.command.name}`) : body);
  }
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
