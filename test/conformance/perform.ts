import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Element, parseElement } from '@thingward/xml';
import { capsVer, DISCO_INFO, NS } from '@thingward/xmpp';
import type { AccountSource } from './accounts.ts';
import { type Account, Actor, Deviation, type Target } from './actor.ts';
import { match, parsePatterns } from './pattern.ts';
import { type CastMember, type Scene, ScriptError, type Step } from './script.ts';
import type { Offer } from './survey.ts';
import { Variables } from './variables.ts';

export type Outcome =
  | { readonly kind: 'passed' }
  /** @param why such as `script.xmpp:12: Romeo …` */
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'not offered'; readonly missing: string };

export interface Result {
  readonly scene: Scene;
  readonly outcome: Outcome;
  /** How often something that was expected was waited for and came, or something unwanted did not. */
  readonly assertions: number;
}

/** Plays one scene against a server. Rejects when the script makes no sense, never because of the server. */
export async function perform(scene: Scene, target: Target, accounts: AccountSource, offer: Offer): Promise<Result> {
  const missing = scene.needs.find((need) => !offer.features.has(need));
  if (missing !== undefined) return { scene, outcome: { kind: 'not offered', missing }, assertions: 0 };
  const performance = new Performance(scene, target, accounts, offer);
  let outcome: Outcome;
  try {
    await performance.play();
    outcome = { kind: 'passed' };
  } catch (error) {
    if (error instanceof ScriptError) throw error;
    outcome = { kind: 'failed', why: `${performance.where}: ${error instanceof Error ? error.message : error}` };
  }
  await performance.finish();
  return { scene, outcome, assertions: performance.assertions };
}

class Performance {
  readonly #scene: Scene;
  readonly #target: Target;
  readonly #source: AccountSource;
  readonly #accounts = new Map<string, Account>();
  readonly #actors = new Map<string, Actor>();
  readonly #variables = new Variables();
  where: string;
  assertions = 0;

  constructor(scene: Scene, target: Target, accounts: AccountSource, offer: Offer) {
    this.#scene = scene;
    this.#target = target;
    this.#source = accounts;
    this.where = `${scene.script}:${scene.line}`;
    const { domain } = target;
    this.#variables.set('domain', domain);
    this.#variables.set('nobody', `nobody-${randomBytes(5).toString('hex')}@${domain}`);
    this.#variables.set('random', randomBytes(5).toString('hex'));
    for (const [name, jid] of offer.services) this.#variables.set(name, jid);
  }

  async play(): Promise<void> {
    await this.#tellOfClient();
    for (const member of this.#scene.cast) await this.#enter(member);
    for (const step of this.#scene.steps) {
      this.where = `${this.#scene.script}:${step.line}: ${step.actor} ${step.verb}`;
      await this.#step(step);
    }
  }

  /** The stage is left as it was found; what goes wrong with that says nothing about the scene. */
  async finish(): Promise<void> {
    for (const actor of this.#actors.values()) actor.cut();
    for (const account of this.#accounts.values()) await this.#source.giveBack(account).catch(() => undefined);
  }

  /** A client nobody has met before, which wants to hear of tunes: what it answers to disco, and the hash of that. @see XEP-0115 §5 */
  async #tellOfClient(): Promise<void> {
    const info =
      `<identity category='client' type='pc' name='{random}'/>` +
      `<feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/tune+notify'/>`;
    this.#variables.set('client', this.#variables.expand(info));
    const query = parseElement(this.#variables.expand(`<query xmlns='${DISCO_INFO}'>{client}</query>`));
    this.#variables.set('caps', (await capsVer(query, 'sha-1')) ?? '');
  }

  async #enter({ actor: name, entrance, priority }: CastMember): Promise<void> {
    const [person = ''] = name.split('/');
    let account = this.#accounts.get(person);
    if (!account) {
      account = await this.#source.take(person);
      this.#accounts.set(person, account);
      this.#variables.set(person.toLowerCase(), account.jid.toString());
      this.#variables.set(`password ${person.toLowerCase()}`, account.password);
    }
    const actor = new Actor(this.#target, account);
    this.#actors.set(name, actor);
    this.#variables.set(name, `${account.jid}/${resourceOf(name)}`);
    await this.#become(name, actor, entrance, priority);
  }

  async #become(name: string, actor: Actor, entrance: CastMember['entrance'], priority = 0): Promise<void> {
    const resource = resourceOf(name);
    if (entrance === 'connected') await actor.connect();
    else if (entrance === 'secured') await actor.secure();
    else if (entrance === 'authenticated') await actor.authenticate();
    else if (entrance === 'signed in') await actor.signIn(resource);
    else if (entrance === 'present') await actor.becomePresent(resource, priority);
    if (actor.isBound) this.#variables.set(name, actor.jid.toString());
  }

  async #step(step: Step): Promise<void> {
    const actor = this.#actors.get(step.actor) as Actor;
    const { verb, body } = step;
    const ends = /^'s stream ends(?: with (.+))?$/.exec(verb);
    const becomes = /^(?:is )?(connected|secured|authenticated|present|signed in)(?: at (-?\d+))?$/.exec(verb);
    const friend = /^befriends (.+)$/.exec(verb);
    if (ends) {
      await actor.hearEnd(ends[1]?.split(' or ') ?? []);
      this.assertions++;
    } else if (becomes) {
      await this.#become(step.actor, actor, becomes[1] as CastMember['entrance'], Number(becomes[2] ?? 0));
    } else if (friend) {
      const other = this.#actors.get(friend[1] as string);
      if (!other) throw new ScriptError(this.#scene.script, step.line, `${friend[1]} is not in the cast`);
      await befriend(actor, other);
    } else await this.#speakOrHear(actor, verb, body, step);
  }

  async #speakOrHear(actor: Actor, verb: string, body: string, step: Step): Promise<void> {
    switch (verb) {
      case 'sends':
        return actor.say(this.#variables.bytes(body));
      case 'receives':
        for (const pattern of this.#patterns(body)) await this.#hear(actor, [pattern]);
        return;
      case 'receives in any order':
        return this.#hear(actor, this.#patterns(body));
      case 'receives nothing':
      case 'receives nothing like':
        return this.#hearNothing(actor, this.#patterns(body));
      case 'receives the header': {
        const [pattern] = this.#patterns(body);
        await actor.hearHeader((header) => {
          const captures = pattern && match(header, pattern);
          for (const [name, value] of captures ?? []) this.#variables.set(name, value);
          return captures !== undefined;
        });
        this.assertions++;
        return;
      }
      case 'opens a stream':
        actor.say(actor.header());
        return actor.hearHeader(() => true);
      case 'starts TLS':
        return actor.startTls();
      case 'closes the stream':
        return actor.leave();
      case 'forgets':
        return actor.forget();
      case 'cuts the connection':
        return actor.cut();
      default:
        throw new ScriptError(this.#scene.script, step.line, `nobody knows how to play "${step.actor} ${verb}"`);
    }
  }

  #patterns(body: string): readonly Element[] {
    return parsePatterns(this.#variables.expand(body));
  }

  async #hear(actor: Actor, patterns: readonly Element[]): Promise<void> {
    for (const [name, value] of await actor.hearAll(patterns)) this.#variables.set(name, value);
    this.assertions += patterns.length;
  }

  /** @param patterns none: nothing at all */
  async #hearNothing(actor: Actor, patterns: readonly Element[]): Promise<void> {
    for (const other of this.#actors.values()) await other.probe();
    await delay(this.#target.settleMs);
    await actor.probe();
    const unwanted = actor.unheard.find(
      (element) => patterns.length === 0 || patterns.some((pattern) => match(element, pattern)),
    );
    if (unwanted) throw new Deviation(`expected nothing of the kind; heard ${unwanted.toString(NS.client)}`);
    this.assertions++;
  }
}

function resourceOf(name: string): string {
  return name.split('/')[1] ?? 'r';
}

/** Makes two that are present see each other. @see RFC 6121 §3.1 */
async function befriend(one: Actor, other: Actor): Promise<void> {
  for (const [asks, grants] of [
    [one, other],
    [other, one],
  ] as const) {
    asks.say(`<presence type='subscribe' to='${grants.account.jid}'/>`);
    await grants.hear(isPresence('subscribe', asks), 'a request');
    grants.say(`<presence type='subscribed' to='${asks.account.jid}'/>`);
    await asks.hear(isPresence('subscribed', grants), 'its approval');
    await asks.hear(isPresence(undefined, grants), 'the presence of its friend');
  }
  for (const actor of [one, other]) await actor.probe();
  for (const actor of [one, other]) await actor.forget();
}

function isPresence(type: string | undefined, from: Actor) {
  return (element: Element): true | undefined =>
    (element.is('presence') &&
      element.attribute('type') === type &&
      element.attribute('from')?.split('/')[0] === from.account.jid.toString()) ||
    undefined;
}
