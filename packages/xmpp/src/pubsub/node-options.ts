import type { DataForm } from '../data-form.ts';

/** Options of a node by name, like `pubsub#access_model`. @see XEP-0060 §16.4.4 */
export type NodeOptions = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** The form that sets options. */
export function nodeOptionsForm(formType: string, options: NodeOptions): DataForm {
  const fields = Object.entries(options).map(([name, value]) => ({ var: name, values: valuesOf(value) }));
  return { type: 'submit', fields: [{ var: 'FORM_TYPE', type: 'hidden', values: [formType] }, ...fields] };
}

function valuesOf(value: NodeOptions[string]): readonly string[] {
  if (typeof value === 'boolean') return [value ? '1' : '0'];
  return typeof value === 'object' ? value : [String(value)];
}
