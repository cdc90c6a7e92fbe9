import { bitWidth } from '../bits/bit-width.ts';
import type { ExiOptions } from '../options.ts';
import { EVENT, EVENT_COUNT, type EventType } from './event.ts';
import { type GrammarKind, KIND } from './grammar.ts';

/**
 * The productions that every grammar of a kind has beside those it declares or learned, with event codes of two and three parts.
 * @see EXI 1.0 §8.4, §8.5.4.4
 */
export class SecondLevel {
  /** Behind the first part of the code; those of the third level not among them. */
  readonly events: readonly EventType[];
  /** Event codes by event; -1 where there is none. */
  readonly codes: Int8Array;
  /** Of the second part. */
  readonly bits: number;
  /** 1 when there is a second level at all: it takes an event code of the first. */
  readonly extra: 0 | 1;
  /** Comments and processing instructions. */
  readonly third: readonly EventType[];
  readonly thirdBits: number;

  constructor(events: readonly EventType[], third: readonly EventType[]) {
    this.events = events;
    this.third = third;
    this.thirdBits = bitWidth(third.length);
    const count = events.length + (third.length > 0 ? 1 : 0);
    this.bits = bitWidth(count);
    this.extra = count > 0 ? 1 : 0;
    this.codes = new Int8Array(EVENT_COUNT).fill(-1);
    events.forEach((event, code) => {
      this.codes[event] = code;
    });
  }
}

/** For every shape a grammar can have, what these options put on its second level. */
export function secondLevels(options: ExiOptions): readonly SecondLevel[] {
  const levels: SecondLevel[] = [];
  for (const kind of Object.values(KIND)) {
    for (let flags = 0; flags < 8; flags++) {
      const third = options.strict ? [] : thirdLevel(kind, options);
      const events = eventsOf(kind, options, (flags & 4) !== 0, (flags & 2) !== 0, (flags & 1) !== 0);
      levels[kind * 8 + flags] = new SecondLevel(events, third);
    }
  }
  return levels;
}

function thirdLevel(kind: GrammarKind, { preserve }: ExiOptions): EventType[] {
  if (kind === KIND.document) return [];
  const events: EventType[] = [];
  if (preserve.comments) events.push(EVENT.comment);
  if (preserve.pis) events.push(EVENT.processingInstruction);
  return events;
}

function eventsOf(
  kind: GrammarKind,
  options: ExiOptions,
  hasEndElement: boolean,
  isTypeCastable: boolean,
  isNillable: boolean,
): EventType[] {
  const { strict, preserve, selfContained } = options;
  const events: EventType[] = [];
  const add = (event: EventType, condition = true) => {
    if (condition) events.push(event);
  };
  if (kind === KIND.document || kind === KIND.documentEnd || kind === KIND.fragmentContent) return events;
  if (kind === KIND.documentContent) {
    add(EVENT.docType, preserve.dtd && !strict);
    return events;
  }
  const isBuiltIn = kind >= KIND.builtInStartTag;
  if (strict && !isBuiltIn) {
    add(EVENT.xsiType, kind === KIND.firstStartTag && isTypeCastable);
    add(EVENT.xsiNil, kind === KIND.firstStartTag && isNillable);
    return events;
  }
  const isFirst = kind === KIND.firstStartTag || kind === KIND.builtInStartTag;
  const isStartTag = isFirst || kind === KIND.startTag;
  add(EVENT.endElement, kind === KIND.builtInStartTag || (!isBuiltIn && !hasEndElement));
  add(EVENT.xsiType, kind === KIND.firstStartTag);
  add(EVENT.xsiNil, kind === KIND.firstStartTag);
  add(EVENT.attributeAny, isStartTag);
  add(EVENT.attributeInvalid, isStartTag && !isBuiltIn);
  add(EVENT.namespace, isFirst && preserve.prefixes);
  add(EVENT.selfContained, isFirst && selfContained);
  add(EVENT.elementAny);
  add(EVENT.textUntyped);
  add(EVENT.entityReference, preserve.dtd);
  return events;
}
