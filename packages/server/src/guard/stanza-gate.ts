import {
  fieldKey,
  type Guard,
  type InspectedStanza,
  type Inspection,
  InspectionError,
  type NamespaceClass,
  type PacketInspector,
  packetText,
  redacted,
  refusal,
  shownFields,
  showsFields,
} from '@thingward/guard';
import type { QName } from '@thingward/xml';
import { type Jid, StanzaError } from '@thingward/xmpp';
import type { StanzaInspector } from '../handlers.ts';
import type { MaybePromise } from '../hooks.ts';
import { Stanza } from '../stanza.ts';
import type { CircumstancesOf } from './circumstances.ts';
import type { NetworkFacts } from './network-facts.ts';

/** What may become of a stanza: it goes on, another goes in its place, or it is refused. */
export type GateVerdict = Stanza | StanzaError | undefined;

export interface StanzaGateOptions {
  readonly guard: Guard;
  readonly inspection: Inspection;
  readonly facts: NetworkFacts;
  readonly circumstances: CircumstancesOf;
  /** Is told how long each decision took, with what had to be looked up for it. */
  readonly onTime?: ((milliseconds: number) => void) | undefined;
}

/** What is known of a namespace, for the policies that are in force. */
interface NamespaceTraits {
  readonly kind: NamespaceClass;
  readonly inspector: PacketInspector | undefined;
  /** Is it looked into on its way to anybody? */
  readonly isForAnybody: boolean;
}

const PUBSUB_EVENT = 'http://jabber.org/protocol/pubsub#event';

/**
 * Where stanzas are inspected on their way through the router. `wants` is asked about every one, and looks at names and addresses
 * alone; what it does not want costs no more. Without policies it wants nothing.
 */
export class StanzaGate implements StanzaInspector {
  readonly #guard: Guard;
  readonly #inspection: Inspection;
  readonly #facts: NetworkFacts;
  readonly #circumstances: CircumstancesOf;
  readonly #onTime: (milliseconds: number) => void;
  readonly #traits = new Map<string, NamespaceTraits>();
  #version = -1;

  constructor({ guard, inspection, facts, circumstances, onTime = () => {} }: StanzaGateOptions) {
    this.#guard = guard;
    this.#inspection = inspection;
    this.#facts = facts;
    this.#circumstances = circumstances;
    this.#onTime = onTime;
  }

  /** Has the stanza to be checked? */
  wants(stanza: Stanza): boolean {
    const guard = this.#guard;
    if (!guard.isActive) return false;
    if (this.#facts.isToldBy(stanza.from)) return true;
    const { payload } = stanza;
    if (payload === undefined) return false;
    if (stanza.kind === 'iq' && !stanza.isIqRequest()) return this.#mayBeRedacted(stanza, payload);
    if (this.#isOfInterest(payload, stanza)) return true;
    const { otherChildren } = stanza;
    // With so many children it is better looked into.
    if (otherChildren === undefined) return true;
    for (const child of otherChildren) if (this.#isOfInterest(child, stanza)) return true;
    return this.#mayBeRedacted(stanza, payload);
  }

  /** Waits only where something has to be looked up. */
  check(stanza: Stanza): MaybePromise<GateVerdict> {
    if (this.#facts.isToldBy(stanza.from)) this.#facts.told(stanza);
    const ready = this.#facts.ready;
    if (ready) return ready.then(() => this.#check(stanza));
    return this.#check(stanza);
  }

  #check(stanza: Stanza): MaybePromise<GateVerdict> {
    if (stanza.kind === 'iq' && !stanza.isIqRequest()) return this.#redact(stanza);
    const about: Omit<InspectedStanza, 'isNested'> = {
      kind: stanza.kind,
      type: stanza.type,
      from: stanza.from.bare.toString(),
      to: addresseeOf(stanza).bare.toString(),
    };
    try {
      const found = this.#inspection.operations(stanza.element, about);
      this.#facts.asked(stanza);
      if (found.length === 0) return this.#redact(stanza);
      const circumstances = this.#circumstances(stanza.from);
      const operations = found.map((operation) => ({ ...operation, principal: stanza.from, circumstances }));
      const begun = performance.now();
      const decision = this.#guard.decide(operations, {
        stanzaId: stanza.id,
        packet: () => packetText(stanza.element),
      });
      const carryOut = (made: Awaited<typeof decision>): MaybePromise<GateVerdict> => {
        this.#onTime(performance.now() - begun);
        return made.outcome === 'permit' ? this.#redact(stanza) : refusal(made, stanza.payload?.namespace);
      };
      return decision instanceof Promise ? decision.then(carryOut, asRefusal) : carryOut(decision);
    } catch (error) {
      return asRefusal(error);
    }
  }

  #isOfInterest({ name, namespace }: QName, stanza: Stanza): boolean {
    const { kind, inspector, isForAnybody } = this.#traitsOf(namespace);
    if (kind === 'ordinary') return false;
    if (this.#guard.isGuarded(addresseeOf(stanza).bare.toString())) return true;
    const isAnswer = inspector?.answers.has(name) ?? false;
    if (inspector?.about === 'others' && !isAnswer) return true;
    // What is published was looked into when it was: it is not looked into again for each of its subscribers.
    if (namespace === PUBSUB_EVENT && this.#circumstances.isOurs(stanza.from)) return false;
    return isForAnybody && !isAnswer;
  }

  /** Looked up once for each namespace: names of stanzas are new strings each time, and each table of them costs. */
  #traitsOf(namespace: string): NamespaceTraits {
    if (this.#version !== this.#guard.version) {
      this.#traits.clear();
      this.#version = this.#guard.version;
    }
    const known = this.#traits.get(namespace);
    if (known) return known;
    const inspector = this.#inspection.inspectorOf(namespace);
    const kind = this.#inspection.classOf(namespace);
    const isForAnybody = inspector
      ? [...inspector.actions, 'unknown' as const].some((action) => this.#guard.forbids(action))
      : kind === 'container'
        ? this.#inspection.actions.some((action) => this.#guard.forbids(action))
        : this.#guard.forbids('unknown');
    // Anybody can make up namespaces.
    if (this.#traits.size >= 1000) this.#traits.clear();
    const traits = { kind, inspector, isForAnybody };
    this.#traits.set(namespace, traits);
    return traits;
  }

  #mayBeRedacted(stanza: Stanza, payload: QName): boolean {
    return (
      this.#guard.redacts &&
      this.#guard.isGuarded(stanza.from.bare.toString()) &&
      (showsFields(payload) || (stanza.otherChildren?.some(showsFields) ?? true))
    );
  }

  #redact(stanza: Stanza): MaybePromise<GateVerdict> {
    const { payload, to } = stanza;
    if (payload === undefined || to === undefined || !this.#mayBeRedacted(stanza, payload)) return undefined;
    const jid = stanza.from.bare.toString();
    const fields = shownFields(stanza.element, jid);
    if (fields.length === 0) return undefined;
    return this.#guard.hidden(to, this.#circumstances(to), fields).then((hidden) => {
      if (!fields.some(({ resource, name }) => hidden.has(fieldKey(resource, name)))) return undefined;
      return Stanza.made(redacted(stanza.element, jid, hidden), stanza.from, to);
    });
  }
}

function addresseeOf({ to, from }: Stanza): Jid {
  return to ?? from;
}

/** What can't be inspected does not pass. */
function asRefusal(error: unknown): StanzaError {
  if (error instanceof InspectionError) return new StanzaError('policy-violation', error.message);
  throw error;
}
