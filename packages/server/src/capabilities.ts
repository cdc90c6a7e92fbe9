import { type Element, xml } from '@thingward/xml';
import { DISCO_INFO, iq, type Jid } from '@thingward/xmpp';
import { type AnnouncedCapabilities, announcedCapabilities } from './announced-capabilities.ts';
import { Stanza } from './stanza.ts';

/** Capabilities that are remembered, questions that wait for an answer, and nodes of one client: at most. */
const MAX_KNOWN = 5000;
const MAX_WAITING = 1000;
const MAX_NODES = 500;
const ANSWER_TIMEOUT_MS = 30_000;
const NOTIFY = '+notify';
const NOBODY: ReadonlySet<string> = new Set();

interface Answer {
  readonly query: Element;
  readonly language: string | undefined;
}

interface Waiting {
  readonly asked: Jid;
  readonly settle: (answer: Answer | undefined) => void;
}

/**
 * Which nodes clients want to hear of, by their entity capabilities. Who advertises capabilities that are not known is asked for
 * them once; the answer counts for everybody with the same verification string, if it is right.
 * @see XEP-0115 §5.4, XEP-0390 §6.2, XEP-0060 §9.2
 */
export class Capabilities {
  readonly #send: (stanza: Stanza) => void;
  readonly #known = new Map<string, ReadonlySet<string>>();
  readonly #lookUps = new Map<string, Promise<ReadonlySet<string>>>();
  readonly #waiting = new Map<string, Waiting>();
  #lastId = 0;

  constructor(send: (stanza: Stanza) => void) {
    this.#send = send;
  }

  /** Nodes that the sender of a presence wants to hear of; undefined when that is not known. */
  interests(presence: Stanza): ReadonlySet<string> | undefined {
    const announced = announcedCapabilities(presence.element);
    if (!announced) return NOBODY;
    const known = this.#known.get(announced.key);
    if (known) this.#remember(announced.key, known);
    return known;
  }

  /**
   * The same, asking for it when it is not known; none when no right answer comes.
   * @param asker the account that asks
   */
  async learn(presence: Stanza, asker: Jid): Promise<ReadonlySet<string>> {
    const announced = announcedCapabilities(presence.element);
    if (!announced) return NOBODY;
    const { key } = announced;
    // Who is asked may not answer, or not truly: then the next one is asked, while the others wait on.
    for (let running = this.#lookUps.get(key); running; running = this.#lookUps.get(key)) await running;
    const known = this.#known.get(key);
    if (known) {
      this.#remember(key, known);
      return known;
    }
    const lookUp = this.#lookUp(announced, presence.from, asker);
    this.#lookUps.set(key, lookUp);
    try {
      return await lookUp;
    } finally {
      this.#lookUps.delete(key);
    }
  }

  /** Takes the answer to a question of ours. @returns whether it was one */
  takeAnswer({ kind, type, id, from, element }: Stanza): boolean {
    if (kind !== 'iq' || (type !== 'result' && type !== 'error') || id === undefined) return false;
    const waiting = this.#waiting.get(id);
    if (!waiting?.asked.equals(from)) return false;
    const query = type === 'result' ? element.child('query', DISCO_INFO) : undefined;
    waiting.settle(query && { query, language: element.attribute('xml:lang') });
    return true;
  }

  /** Ends all waiting. */
  stop(): void {
    for (const { settle } of [...this.#waiting.values()]) settle(undefined);
  }

  async #lookUp(announced: AnnouncedCapabilities, asked: Jid, asker: Jid): Promise<ReadonlySet<string>> {
    const answer = await this.#ask(asked, asker, announced.node);
    if (!answer || !announced.isTrue(answer.query, answer.language)) return NOBODY;
    const nodes = answer.query
      .childrenNamed('feature')
      .map((feature) => feature.attribute('var') ?? '')
      .filter((name) => name.endsWith(NOTIFY))
      .slice(0, MAX_NODES)
      .map((name) => name.slice(0, -NOTIFY.length));
    const interests = new Set(nodes);
    this.#remember(announced.key, interests);
    return interests;
  }

  #ask(asked: Jid, asker: Jid, node: string): Promise<Answer | undefined> {
    if (this.#waiting.size >= MAX_WAITING) return Promise.resolve(undefined);
    this.#lastId++;
    const id = `caps-${this.#lastId.toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
    return new Promise((resolve) => {
      const settle = (answer: Answer | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(() => settle(undefined), ANSWER_TIMEOUT_MS).unref();
      this.#waiting.set(id, { asked, settle });
      this.#send(Stanza.made(iq('get', { id }, xml('query', { xmlns: DISCO_INFO, node })), asker, asked));
    });
  }

  /** What was used last is kept. */
  #remember(key: string, interests: ReadonlySet<string>): void {
    this.#known.delete(key);
    this.#known.set(key, interests);
    if (this.#known.size <= MAX_KNOWN) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }
}
