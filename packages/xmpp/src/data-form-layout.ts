import { type Element, xml } from '@thingward/xml';
import type { DataForm } from './data-form.ts';

/** @see XEP-0141 */
export const DATA_FORM_LAYOUT_NAMESPACE = 'http://jabber.org/protocol/xdata-layout';

/** What stands in a page or section, in order. */
export type FormLayoutItem =
  | { readonly kind: 'field'; readonly var: string }
  /** The table of results. */
  | { readonly kind: 'reported' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'section'; readonly label?: string | undefined; readonly items: readonly FormLayoutItem[] };

/** A page of a form. @see XEP-0141 §3.1 */
export interface FormPage {
  readonly label?: string | undefined;
  readonly items: readonly FormLayoutItem[];
}

/** Sections in sections: more is nothing people would read. */
const MAX_DEPTH = 16;

/** Pages as extensions of a data form, in order. */
export function encodeFormPages(pages: readonly FormPage[]): Element[] {
  return pages.map(({ label, items }) =>
    xml('page', { xmlns: DATA_FORM_LAYOUT_NAMESPACE, label }, items.map(encodeItem)),
  );
}

function encodeItem(item: FormLayoutItem): Element {
  switch (item.kind) {
    case 'field':
      return xml('fieldref', { var: item.var });
    case 'reported':
      return xml('reportedref');
    case 'text':
      return xml('text', {}, item.text);
    case 'section':
      return xml('section', { label: item.label }, item.items.map(encodeItem));
  }
}

/** The pages of a form, in order. References to fields that it has not are left out, as is what is no layout. */
export function decodeFormPages(form: DataForm): FormPage[] {
  const known = new Set(form.fields.map((field) => field.var));
  const decodeItems = (parent: Element, depth: number): FormLayoutItem[] =>
    parent.elements.flatMap((element): FormLayoutItem[] => {
      if (element.namespace !== DATA_FORM_LAYOUT_NAMESPACE) return [];
      const name = element.attribute('var');
      switch (element.name) {
        case 'fieldref':
          return name !== undefined && known.has(name) ? [{ kind: 'field', var: name }] : [];
        case 'reportedref':
          return form.reported ? [{ kind: 'reported' }] : [];
        case 'text':
          return [{ kind: 'text', text: element.text }];
        case 'section': {
          if (depth >= MAX_DEPTH) return [];
          return [{ kind: 'section', label: element.attribute('label'), items: decodeItems(element, depth + 1) }];
        }
        default:
          return [];
      }
    });
  const pages = form.extensions?.filter((element) => element.is('page', DATA_FORM_LAYOUT_NAMESPACE)) ?? [];
  return pages.map((page) => ({ label: page.attribute('label'), items: decodeItems(page, 0) }));
}

/** The names of the fields in a page or section and its sections, in order. */
export function fieldsOfLayout(items: readonly FormLayoutItem[]): string[] {
  return items.flatMap((item) => {
    if (item.kind === 'field') return [item.var];
    return item.kind === 'section' ? fieldsOfLayout(item.items) : [];
  });
}
