import { escapeAttribute, escapeText, XML_NAMESPACE } from '@thingward/xml';
import type { ExiEvent } from '../events.ts';
import { XSI_NAMESPACE } from '../namespaces.ts';

interface OpenElement {
  readonly tag: string;
  readonly mark: number;
}

interface StartTag {
  readonly namespace: string;
  readonly name: string;
  prefix: string | undefined;
  readonly attributes: { namespace: string; name: string; prefix: string | undefined; value: string }[];
}

/** Writes events as XML text. Prefixes are those of the events, as far as they have any; others are made. */
export class XmlWriter {
  readonly #open: OpenElement[] = [];
  readonly #bindings: { readonly prefix: string; readonly namespace: string }[] = [];
  #start: StartTag | undefined;
  #declared: { prefix: string; namespace: string }[] = [];
  #text = '';

  /** @returns what the event adds to the text; that of a start tag comes with the event behind it */
  write(event: ExiEvent): string {
    this.#text = '';
    this.#write(event);
    return this.#text;
  }

  #write(event: ExiEvent): void {
    switch (event.kind) {
      case 'namespace':
        this.#declared.push(event);
        if (event.isElementPrefix && this.#start && this.#start.namespace === event.namespace) {
          this.#start.prefix = event.prefix;
        }
        return;
      case 'attribute':
        this.#start?.attributes.push({ ...event, prefix: event.prefix });
        return;
      case 'endElement':
        this.#endElement();
        return;
      case 'selfContained':
        return;
      default:
        this.#finishStart('>');
    }
    switch (event.kind) {
      case 'startElement':
        this.#start = { namespace: event.namespace, name: event.name, prefix: event.prefix, attributes: [] };
        break;
      case 'text':
        this.#text += escapeText(event.text);
        break;
      case 'comment':
        this.#text += `<!--${event.text}-->`;
        break;
      case 'processingInstruction':
        this.#text += `<?${event.target}${event.data === '' ? '' : ` ${event.data}`}?>`;
        break;
      case 'docType':
        this.#text += docTypeText(event);
        break;
      case 'entityReference':
        this.#text += `&${event.name};`;
        break;
      default:
        break;
    }
  }

  #endElement(): void {
    if (this.#start !== undefined) {
      this.#finishStart('/>');
    } else {
      this.#text += `</${this.#open.at(-1)?.tag}>`;
    }
    const closed = this.#open.pop();
    this.#bindings.length = closed?.mark ?? 0;
  }

  #finishStart(end: string): void {
    const start = this.#start;
    if (start === undefined) return;
    this.#start = undefined;
    const mark = this.#bindings.length;
    const declarations: { prefix: string; namespace: string }[] = this.#declared.splice(0);
    for (const declaration of declarations) this.#bindings.push(declaration);
    const declare = (prefix: string, namespace: string) => {
      declarations.push({ prefix, namespace });
      this.#bindings.push({ prefix, namespace });
    };
    const tag = this.#elementName(start, declare);
    let attributes = '';
    for (const attribute of start.attributes) {
      const name = this.#attributeName(attribute, declare);
      attributes += ` ${name}='${escapeAttribute(this.#attributeValue(attribute, declare))}'`;
    }
    this.#text += `<${tag}`;
    for (const { prefix, namespace } of declarations) {
      this.#text += ` xmlns${prefix === '' ? '' : `:${prefix}`}='${escapeAttribute(namespace)}'`;
    }
    this.#text += attributes + end;
    this.#open.push({ tag, mark });
  }

  #elementName({ namespace, name, prefix }: StartTag, declare: (prefix: string, namespace: string) => void): string {
    const wanted = prefix ?? '';
    if (namespace === XML_NAMESPACE) return `xml:${name}`;
    if (this.#lookup(wanted) === namespace) return wanted === '' ? name : `${wanted}:${name}`;
    // The prefix is bound to something else here, or to nothing: the default namespace will do.
    if (wanted !== '' && namespace !== '' && this.#lookup(wanted) === undefined) {
      declare(wanted, namespace);
      return `${wanted}:${name}`;
    }
    if (this.#isDeclaredHere('')) return `${this.#prefixFor(namespace, declare)}:${name}`;
    declare('', namespace);
    return name;
  }

  #isDeclaredHere(prefix: string): boolean {
    const mark = this.#open.at(-1) === undefined ? 0 : this.#bindings.length;
    return this.#bindings.slice(mark).some((binding) => binding.prefix === prefix);
  }

  #attributeName(
    { namespace, name, prefix }: StartTag['attributes'][number],
    declare: (prefix: string, namespace: string) => void,
  ): string {
    if (namespace === '') return name;
    if (namespace === XML_NAMESPACE) return `xml:${name}`;
    if (prefix !== undefined && prefix !== '' && this.#lookup(prefix) === namespace) return `${prefix}:${name}`;
    return `${this.#prefixFor(namespace, declare)}:${name}`;
  }

  /** A QName in `xsi:type` that has no prefix yet gets one. */
  #attributeValue(
    { namespace, name, value }: StartTag['attributes'][number],
    declare: (prefix: string, namespace: string) => void,
  ): string {
    const match = namespace === XSI_NAMESPACE && name === 'type' ? /^\{([^}]+)\}(.+)$/.exec(value) : null;
    return match ? `${this.#prefixFor(match[1] as string, declare)}:${match[2]}` : value;
  }

  /** A prefix bound to the namespace; one is made where there is none. */
  #prefixFor(namespace: string, declare: (prefix: string, namespace: string) => void): string {
    const bound = this.#bindings.findLast(
      (binding) =>
        binding.namespace === namespace && binding.prefix !== '' && this.#lookup(binding.prefix) === namespace,
    );
    if (bound !== undefined) return bound.prefix;
    let prefix = namespace === XSI_NAMESPACE ? 'xsi' : 'ns1';
    for (let i = 1; this.#lookup(prefix) !== undefined; i++) prefix = `ns${i}`;
    declare(prefix, namespace);
    return prefix;
  }

  #lookup(prefix: string): string | undefined {
    if (prefix === 'xml') return XML_NAMESPACE;
    const found = this.#bindings.findLast((binding) => binding.prefix === prefix);
    return found?.namespace ?? (prefix === '' ? '' : undefined);
  }
}

function docTypeText(event: Extract<ExiEvent, { kind: 'docType' }>): string {
  const { name, publicId, systemId, text } = event;
  const quoted = (id: string) => (id.includes('"') ? `'${id}'` : `"${id}"`);
  const external =
    publicId !== ''
      ? ` PUBLIC ${quoted(publicId)} ${quoted(systemId)}`
      : systemId !== ''
        ? ` SYSTEM ${quoted(systemId)}`
        : '';
  return `<!DOCTYPE ${name}${external}${text === '' ? '' : ` [${text}]`}>`;
}

/** Events as XML text. */
export function xmlText(events: Iterable<ExiEvent>): string {
  const writer = new XmlWriter();
  let text = '';
  for (const event of events) text += writer.write(event);
  return text;
}
