import { type ReadonlySignal, signal } from '@preact/signals-core';
import { Jid, parseTypedJid } from '@thingward/xmpp';
import type { Connect, Connection } from './connection.ts';
import { explainSignIn } from './explain.ts';
import type { JidMemory } from './jid-memory.ts';

export type SessionState =
  | { readonly kind: 'signed-out'; readonly problem?: string }
  | { readonly kind: 'signing-in' }
  /** `lostAt` is set while the connection is gone and being made again. */
  | { readonly kind: 'signed-in'; readonly connection: Connection; readonly lostAt?: Date; readonly problem?: string };

export interface SignInForm {
  readonly jid: string;
  readonly password: string;
  /** Keep the JID (nothing else) on this device. */
  readonly remember: boolean;
}

/** Who is signed in. */
export class Session {
  readonly #connect: Connect;
  readonly #memory: JidMemory;
  readonly #state = signal<SessionState>({ kind: 'signed-out' });
  #connection: Connection | undefined;
  #attempt: AbortController | undefined;

  constructor(connect: Connect, memory: JidMemory) {
    this.#connect = connect;
    this.#memory = memory;
  }

  get state(): ReadonlySignal<SessionState> {
    return this.#state;
  }

  /** Signs in; what goes wrong is told by the state. Does nothing while another attempt is under way. */
  async signIn({ jid: text, password, remember }: SignInForm): Promise<void> {
    if (this.#state.value.kind !== 'signed-out') return;
    const problem = problemOf(text, password);
    if (problem !== undefined) {
      this.#state.value = { kind: 'signed-out', problem };
      return;
    }
    this.#state.value = { kind: 'signing-in' };
    const attempt = new AbortController();
    this.#attempt = attempt;
    const jid = readJid(text);
    const connection = this.#connect({ jid, password });
    this.#connection = connection;
    try {
      connection.start();
      await connection.ready(attempt.signal);
    } catch (error) {
      if (this.#attempt !== attempt) return;
      this.#end(explainSignIn(error));
      return;
    }
    if (this.#attempt !== attempt) return;
    if (remember) this.#memory.save(jid.bare.toString());
    else this.#memory.clear();
    this.#state.value = { kind: 'signed-in', connection };
    this.#follow(connection);
  }

  /** Ends the session, or the attempt to begin one. */
  signOut(): void {
    this.#end();
  }

  #follow(connection: Connection): void {
    const stop = connection.onState((state, error) => {
      if (this.#connection !== connection) {
        stop();
        return;
      }
      const { value: current } = this.#state;
      if (current.kind !== 'signed-in') return;
      if (state === 'online') this.#state.value = { kind: 'signed-in', connection };
      else if (state === 'failed') this.#end(`You were signed out. ${explainSignIn(error)}`);
      else {
        const problem = error?.message ?? current.problem;
        this.#state.value = {
          kind: 'signed-in',
          connection,
          lostAt: current.lostAt ?? new Date(),
          ...(problem === undefined ? {} : { problem }),
        };
      }
    });
  }

  #end(problem?: string): void {
    const connection = this.#connection;
    this.#connection = undefined;
    const attempt = this.#attempt;
    this.#attempt = undefined;
    this.#state.value = problem === undefined ? { kind: 'signed-out' } : { kind: 'signed-out', problem };
    attempt?.abort(new Error('signing in was given up'));
    // Whether the stream's end reaches the server makes no difference to who signs out.
    connection?.stop().catch(() => undefined);
  }
}

/** The address as it is on the wire, or as people write it. @throws JidError */
function readJid(text: string): Jid {
  return Jid.tryParse(text.trim()) ?? parseTypedJid(text);
}

/** What is wrong with the form, before the server is asked. */
function problemOf(text: string, password: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return 'Enter your address, such as owner@localhost.';
  if (!trimmed.includes('@')) return `“${trimmed}” is not a full address: enter name@domain, such as owner@localhost.`;
  if (password === '') return 'Enter your password.';
  try {
    readJid(trimmed);
    return undefined;
  } catch (error) {
    return explainSignIn(error);
  }
}
