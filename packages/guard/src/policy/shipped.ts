import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../policies/', import.meta.url));

/** The Cedar schema: what policies can say. */
export function shippedSchema(): string {
  return readFileSync(`${FOLDER}schema.cedarschema`, 'utf8');
}

/** The policies that hold unless others say more. */
export function defaultPolicies(): string {
  return readFileSync(`${FOLDER}default.cedar`, 'utf8');
}

/** A policy for a usual case, with gaps to be filled. */
export interface PolicyTemplate {
  readonly name: string;
  /** For people: what it is for. */
  readonly title: string;
  readonly parameters: readonly { readonly name: string; readonly hint: string }[];
  readonly text: string;
}

export function policyTemplates(): readonly PolicyTemplate[] {
  return readdirSync(`${FOLDER}templates`)
    .filter((file) => file.endsWith('.cedar'))
    .sort()
    .map((file) => {
      const whole = readFileSync(`${FOLDER}templates/${file}`, 'utf8');
      const lines = whole.split('\n');
      const comments = lines
        .slice(
          0,
          lines.findIndex((line) => !line.startsWith('// ')),
        )
        .map((line) => line.slice(3));
      const [title = '', ...parameters] = comments;
      return {
        name: file.slice(0, -'.cedar'.length),
        title,
        parameters: parameters.map((line) => {
          const colon = line.indexOf(':');
          return { name: line.slice(0, colon), hint: line.slice(colon + 1).trim() };
        }),
        text: lines.slice(comments.length).join('\n'),
      };
    });
}

/** What a gap must not be filled with: it stands in strings and among numbers of a policy. */
const UNSAFE = /["\\\n\r{}]/;

/** A gap that was left, or filled with what it can't hold. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly code = 'template-parameter';
}

/** The policies with all gaps filled. @throws TemplateError */
export function fillTemplate(template: PolicyTemplate, values: ReadonlyMap<string, string>): string {
  const expected = template.parameters.map(({ name, hint }) => `${name} (${hint})`).join(', ');
  for (const [name, value] of values) {
    if (!template.parameters.some((parameter) => parameter.name === name)) {
      throw new TemplateError(`${template.name} has no parameter "${name}"; it has ${expected || 'none'}`);
    }
    if (UNSAFE.test(value)) throw new TemplateError(`${name} must not have quotes, backslashes, braces or new lines`);
  }
  const missing = template.parameters.filter(({ name }) => !values.has(name));
  if (missing.length > 0) {
    const list = missing.map(({ name, hint }) => `${name} (${hint})`).join(', ');
    throw new TemplateError(`${template.name} needs ${list}`);
  }
  return template.text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values.get(name) ?? '');
}
