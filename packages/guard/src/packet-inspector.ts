import type { Element } from '@thingward/xml';
import type { ActionName, FoundOperation, ResourceReference } from './operation.ts';

/** Where a payload was found. */
export interface InspectedStanza {
  readonly kind: 'iq' | 'message' | 'presence';
  /** The stanza's own. */
  readonly type: string | undefined;
  /** Bare JID that vouched-for stanza comes from. */
  readonly from: string;
  /** Bare JID it goes to. */
  readonly to: string;
  /** Was the payload found inside something else? Then the stanza's type says nothing about it. */
  readonly isNested: boolean;
}

/**
 * Understands the payloads of one namespace: says what they would do. One inspector, one file, one entry in the table
 * (`inspectors/index.ts`); packages above register theirs with `new Inspection([...INSPECTORS, theirs])`.
 *
 * An inspector is asked about every element of its namespaces at any depth of a stanza whose parent is not of the same namespace. It
 * never trusts a `from` inside the payload, reads as leniently as the most lenient device would, and gives `unknown` for what it
 * does not understand: what is denied by mistake is seen, what passes by mistake is not.
 */
export interface PacketInspector {
  /** What `context.protocol` says. */
  readonly protocol: string;
  readonly namespaces: readonly string[];
  /** What it can give, beside `unknown`. */
  readonly actions: readonly ActionName[];
  /**
   * Local names of elements that do nothing to whom they are sent: answers, and what is only told. They are not looked into on their way to
   * addressees that no policy is about.
   */
  readonly answers: ReadonlySet<string>;
  /**
   * What payloads name as a resource: the addressee (and nodes behind it), or others, too, as at registries. Those of the second kind
   * are looked into whoever they are sent to.
   */
  readonly about: 'addressee' | 'others';
  /** @returns every operation of the payload: none where it does nothing */
  inspect(payload: Element, stanza: InspectedStanza): readonly FoundOperation[];
}

/** What no inspector understands. @param problem for people */
export function unknownOperation(
  protocol: string,
  resource: ResourceReference,
  { name, namespace }: Element,
  problem: string,
): FoundOperation {
  return { action: 'unknown', resource, facts: { protocol, name, text: namespace, problem } };
}
