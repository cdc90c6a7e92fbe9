import { existsSync, readFileSync } from 'node:fs';
import { distance } from 'fastest-levenshtein';
import { isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { CommandError, UsageError } from './errors.ts';

/** A configuration file that can't be used: one line for each thing that is wrong, with file, line and column. */
export class ConfigFileError extends CommandError {
  override readonly name = 'CommandError';
}

type Path = readonly PropertyKey[];

/**
 * Reads a YAML file and checks it against a schema.
 * @throws ConfigFileError
 */
export function loadConfigFile<Schema extends z.ZodType>(file: string, schema: Schema): z.output<Schema> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigFileError(`can't read ${file}: ${(error as Error).message}`);
  }
  return parseConfig(text, file, schema);
}

/** Checks YAML text against a schema. @param file for messages @throws ConfigFileError */
export function parseConfig<Schema extends z.ZodType>(text: string, file: string, schema: Schema): z.output<Schema> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw new ConfigFileError(document.errors.map(({ pos, message }) => `${position(pos[0])}: ${message}`).join('\n'));
  }
  const result = schema.safeParse(document.toJS());
  if (result.success) return result.data;
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const complaints = result.error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      const where = position(startOf(document.contents, issue.path));
      return [`${where}: ${pathText(issue.path)}${complaint(issue)}`];
    }
    return issue.keys.map((key) => {
      const known = keysAt(shape, issue.path, document.toJS());
      const where = position(startOf(document.contents, [...issue.path, key], true));
      return `${where}: ${pathText(issue.path)}there is no key "${key}"${suggestion(key, known)}`;
    });
  });
  throw new ConfigFileError(complaints.join('\n'));
}

/** The first of the files that exists. @throws UsageError naming all of them */
export function findFile(
  option: string,
  given: string | undefined,
  candidates: readonly (string | undefined)[],
): string {
  if (given !== undefined) return given;
  const places = candidates.filter((place) => place !== undefined);
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  throw new UsageError(`no ${option} file: give --${option} FILE, or have one at ${places.join(' or ')}`);
}

/** Zod's own words, but for a key that is not there. */
function complaint(issue: z.core.$ZodIssue): string {
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return isMissing ? `is missing (a ${issue.expected} is needed)` : issue.message;
}

function pathText(path: Path): string {
  const text = path.reduce<string>(
    (so, part) => (typeof part === 'number' ? `${so}[${part}]` : so ? `${so}.${String(part)}` : String(part)),
    '',
  );
  return text && `${text}: `;
}

/** Offset of the value (or key) at a path, or of the nearest thing above it that exists. */
function startOf(contents: unknown, path: Path, ofKey = false): number {
  let node: unknown = contents;
  let start = isNode(contents) ? (contents.range?.[0] ?? 0) : 0;
  for (const [depth, part] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (!pair) return start;
      const target = (ofKey && depth === path.length - 1) || pair.value === null ? pair.key : pair.value;
      start = (target as Node).range?.[0] ?? start;
      node = pair.value;
    } else if (isNode(node) && 'items' in node) {
      node = (node.items as unknown[])[Number(part)];
      if (!isNode(node)) return start;
      start = node.range?.[0] ?? start;
    } else return start;
  }
  return start;
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema & { readonly const?: unknown }>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** Names of the keys that are allowed at a path. */
function keysAt(schema: JsonSchema | undefined, path: Path, value: unknown): readonly string[] {
  if (!schema) return [];
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  if (choices.length > 0) {
    const fitting = choices.filter((choice) => fits(choice, value));
    return (fitting.length > 0 ? fitting : choices).flatMap((choice) => keysAt(choice, path, value));
  }
  const [head, ...rest] = path;
  if (head === undefined) return Object.keys(schema.properties ?? {});
  const next = typeof head === 'number' ? schema.items : schema.properties?.[String(head)];
  return keysAt(next, rest, (value as Record<PropertyKey, unknown> | undefined)?.[head]);
}

/** Has the value what distinguishes this choice from others? */
function fits(choice: JsonSchema, value: unknown): boolean {
  return Object.entries(choice.properties ?? {}).every(
    ([key, property]) => property.const === undefined || (value as Record<string, unknown>)?.[key] === property.const,
  );
}

function suggestion(key: string, known: readonly string[]): string {
  const [nearest] = [...known].sort((a, b) => distance(key, a) - distance(key, b));
  if (nearest === undefined) return '';
  if (distance(key, nearest) <= Math.max(2, key.length / 3)) return `: did you mean "${nearest}"?`;
  return ` (there are: ${[...new Set(known)].join(', ')})`;
}
