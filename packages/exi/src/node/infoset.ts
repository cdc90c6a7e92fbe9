import type { ExiEvent } from '../events.ts';
import { XML_NAMESPACE, XSI_NAMESPACE } from '../namespaces.ts';
import { collapse } from '../xml/characters.ts';

/** What of a document must come back from its EXI stream. */
export interface InfosetOptions {
  readonly comments: boolean;
  readonly pis: boolean;
  readonly dtd: boolean;
  readonly prefixes: boolean;
}

/**
 * A document as lines that can be compared: expanded names, attributes sorted, text in one piece.
 * QNames in `xsi:type` are expanded.
 */
export function infoset(events: Iterable<ExiEvent>, keep: InfosetOptions): readonly string[] {
  const lines: string[] = [];
  const scopes: Map<string, string>[] = [new Map()];
  let attributes: string[] = [];
  let text = '';
  const flush = () => {
    lines.push(...attributes.sort());
    attributes = [];
    if (text !== '') lines.push(`text ${text}`);
    text = '';
  };
  const prefixed = (prefix: string | undefined) => (keep.prefixes ? ` prefix ${prefix ?? ''}` : '');
  let pending: { namespace: string; name: string; prefix: string | undefined } | undefined;
  const start = () => {
    if (pending) lines.push(`element {${pending.namespace}}${pending.name}${prefixed(pending.prefix)}`);
    pending = undefined;
  };
  for (const event of events) {
    if (event.kind !== 'attribute' && event.kind !== 'namespace' && event.kind !== 'selfContained') {
      start();
      if (event.kind !== 'text' && !isSkipped(event, keep)) flush();
    }
    switch (event.kind) {
      case 'startElement':
        scopes.push(new Map(scopes.at(-1)));
        pending = { namespace: event.namespace, name: event.name, prefix: event.prefix };
        break;
      case 'namespace':
        scopes.at(-1)?.set(event.prefix, event.namespace);
        if (keep.prefixes) attributes.push(`namespace ${event.prefix}=${event.namespace}`);
        if (event.isElementPrefix && pending && pending.namespace === event.namespace) pending.prefix = event.prefix;
        break;
      case 'attribute': {
        const isType = event.namespace === XSI_NAMESPACE && event.name === 'type';
        const value = isType ? expanded(event.value, scopes.at(-1) as Map<string, string>) : event.value;
        attributes.push(`attribute {${event.namespace}}${event.name}=${value}`);
        break;
      }
      case 'endElement':
        scopes.pop();
        lines.push('end');
        break;
      case 'text':
        text += event.text;
        break;
      case 'comment':
        if (keep.comments) lines.push(`comment ${event.text}`);
        break;
      case 'processingInstruction':
        if (keep.pis) lines.push(`pi ${event.target} ${event.data}`);
        break;
      case 'docType':
        if (keep.dtd) lines.push(`doctype ${event.name} ${event.publicId} ${event.systemId} ${event.text}`);
        break;
      case 'entityReference':
        lines.push(`entity ${event.name}`);
        break;
      default:
        break;
    }
  }
  return lines;
}

function isSkipped(event: ExiEvent, keep: InfosetOptions): boolean {
  return (
    (event.kind === 'comment' && !keep.comments) ||
    (event.kind === 'processingInstruction' && !keep.pis) ||
    (event.kind === 'docType' && !keep.dtd)
  );
}

function expanded(value: string, scope: ReadonlyMap<string, string>): string {
  const text = collapse(value);
  if (text.startsWith('{')) return text;
  const colon = text.indexOf(':');
  const prefix = colon === -1 ? '' : text.slice(0, colon);
  const namespace = prefix === 'xml' ? XML_NAMESPACE : (scope.get(prefix) ?? '');
  return namespace === '' ? text : `{${namespace}}${text.slice(colon + 1)}`;
}

/** The first line in which two infosets differ; undefined when they say the same, equal values written differently included. */
export function difference(actual: readonly string[], expected: readonly string[]): string | undefined {
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    const [a, e] = [actual[i], expected[i]];
    if (a === undefined || e === undefined || !isSame(a, e)) return `got ${a ?? 'nothing'}, expected ${e ?? 'nothing'}`;
  }
  return undefined;
}

function isSame(actual: string, expected: string): boolean {
  if (actual === expected) return true;
  const [, what, one] = /^(text |attribute [^=]*=)([\s\S]*)$/.exec(actual) ?? [];
  const [, what2, other] = /^(text |attribute [^=]*=)([\s\S]*)$/.exec(expected) ?? [];
  return what !== undefined && what === what2 && normal(one as string) === normal(other as string);
}

/** Equal numbers, times and lists have one normal form. */
function normal(value: string): string {
  return collapse(value)
    .split(' ')
    .map((item) => {
      const number = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(item);
      if (!number || (number[2] === '' && number[3] === '')) return item.replace(/(:\d\d\.\d*?)0+(?=Z|[+-]|$)/, '$1');
      const [, sign, integral = '', fraction = '', exponent = '0'] = number;
      const digits = (integral + fraction).replace(/^0+/, '');
      const significant = digits.replace(/0+$/, '');
      if (significant === '') return '0';
      const scale = Number(exponent) - fraction.length + digits.length - significant.length;
      return `${sign === '-' ? '-' : ''}${significant}E${scale}`;
    })
    .join(' ');
}
