import { randomBytes } from 'node:crypto';
import { checkedTags, KEY_TAG, type MetaTag, MetaTagError, parseTagNumber, tagName } from '@thingward/things';
import { opaqueString, PrecisError } from '@thingward/xmpp';
import { CommandError } from '../errors.ts';
import { CsvError, parseCsv } from './csv.ts';

/** A device as its list has it. */
export interface ListedDevice {
  readonly line: number;
  readonly localpart: string;
  /** For people; the name where there is none. */
  readonly label: string;
  /** Undefined: one is to be made. */
  readonly password: string | undefined;
  /** What it registers with, KEY included where the list has one. */
  readonly tags: readonly MetaTag[];
}

/** More than that is several lists. */
const MAX_DEVICES = 200_000;
/** Mistakes that are told of at once. */
const MAX_PROBLEMS = 20;
/** Tags whose values are numbers. @see XEP-0347 §3.5 */
const NUMERIC_TAGS: ReadonlySet<string> = new Set(['ALT', 'LAT', 'LON', 'V']);
const COLUMNS = ['name', 'label', 'password'] as const;

/**
 * Reads a list of devices. All that is wrong with it is told at once, and then nothing is taken.
 * @param file for messages
 * @param localpart of an account by its name; undefined for what can't be one
 * @param common tags that all of them have
 * @param what is to become of them, for messages
 * @throws CommandError
 */
export function parseDeviceList(
  text: string,
  file: string,
  localpart: (name: string) => string | undefined,
  common: readonly MetaTag[] = [],
  what = 'enrolled',
): readonly ListedDevice[] {
  const problems: string[] = [];
  const [head, ...rows] = rowsOf(text, file);
  if (!head) throw new CommandError(`${file}: the file is empty: its first line names the columns (name, ...)`);
  const columns = columnsOf(head.cells, (message) => problems.push(`${file}:${head.line}: ${message}`));
  if (rows.length > MAX_DEVICES) throw new CommandError(`${file}: more than ${MAX_DEVICES} devices: divide the list`);
  const lines = new Map<string, number>();
  const devices = rows.flatMap(({ line, cells }): ListedDevice[] => {
    const complain = (message: string) => problems.push(`${file}:${line}: ${message}`);
    if (cells.length !== columns.length) complain(`${cells.length} values, but there are ${columns.length} columns`);
    const value = (column: string) => cells[columns.indexOf(column)]?.trim() || undefined;
    const name = value('name');
    const local = name === undefined ? undefined : localpart(name);
    if (name === undefined) complain('a name is needed: it becomes the account');
    else if (local === undefined) complain(`"${name}" can't be the name of an account`);
    else if (lines.has(local)) complain(`${local} is in line ${lines.get(local)} already`);
    else lines.set(local, line);
    const password = value('password');
    if (password !== undefined && !isPassword(password)) complain('this can’t be a password');
    const tags = tagsOf(columns, cells, common, complain);
    return [{ line, localpart: local ?? '', label: value('label') ?? name ?? '', password, tags }];
  });
  if (problems.length > 0) {
    const more = problems.length > MAX_PROBLEMS ? `\nand ${problems.length - MAX_PROBLEMS} more` : '';
    throw new CommandError(`${problems.slice(0, MAX_PROBLEMS).join('\n')}${more}\nno device was ${what}`);
  }
  if (devices.length === 0) throw new CommandError(`${file}: there is no device in it`);
  return devices;
}

/** The tags with a KEY: that of the list, else one that was made before, else a new one of 128 random bits. @see XEP-0347 §3.11 */
export function withKey(tags: readonly MetaTag[], former: string | undefined): readonly MetaTag[] {
  if (tags.some(({ name }) => name === KEY_TAG)) return tags;
  return [...tags, { name: KEY_TAG, type: 'str', value: former ?? randomBytes(16).toString('hex') }];
}

/** A tag as people write it: TAG=value, with #TAG=value for a number. @throws MetaTagError */
export function parseTag(text: string): MetaTag {
  const match = /^(#?)([^=]+)=(.+)$/s.exec(text);
  if (!match) throw new MetaTagError('bad-tag-value', `"${text}" is no tag: write NAME=value`);
  const [, mark, name = '', value = ''] = match;
  return tagOf(`${mark}${name}`, value);
}

function rowsOf(text: string, file: string) {
  try {
    return parseCsv(text);
  } catch (error) {
    if (error instanceof CsvError) throw new CommandError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Names of columns: `name`, `label` and `password` in any case, else those of tags. */
function columnsOf(cells: readonly string[], complain: (message: string) => void): readonly string[] {
  const columns = cells.map((cell) => {
    const text = cell.trim();
    const own = COLUMNS.find((column) => column === text.toLowerCase());
    if (own) return own;
    try {
      return text.startsWith('#') ? `#${tagName(text.slice(1))}` : tagName(text);
    } catch (error) {
      if (!(error instanceof MetaTagError)) throw error;
      complain(`"${text}" can't be a column: ${error.message}`);
      return text;
    }
  });
  if (!columns.includes('name')) complain('there is no column "name"');
  const names = columns.map((column) => column.replace(/^#/, ''));
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) !== index))) {
    complain(`the column "${name}" is there twice`);
  }
  return columns;
}

function tagsOf(
  columns: readonly string[],
  cells: readonly string[],
  common: readonly MetaTag[],
  complain: (message: string) => void,
): readonly MetaTag[] {
  try {
    const own = columns.flatMap((column, index) => {
      const value = cells[index]?.trim() ?? '';
      return value === '' || (COLUMNS as readonly string[]).includes(column) ? [] : [tagOf(column, value)];
    });
    const names = new Set(own.map(({ name }) => name));
    return checkedTags([...common.filter(({ name }) => !names.has(name)), ...own]);
  } catch (error) {
    if (!(error instanceof MetaTagError)) throw error;
    complain(error.message);
    return [];
  }
}

/** @throws MetaTagError */
function tagOf(column: string, value: string): MetaTag {
  const name = tagName(column.replace(/^#/, ''));
  if (!column.startsWith('#') && !NUMERIC_TAGS.has(name)) return { name, type: 'str', value };
  const number = parseTagNumber(value);
  if (number === undefined) throw new MetaTagError('bad-tag-value', `tag ${name} needs a number, got "${value}"`);
  return { name, type: 'num', value: number };
}

function isPassword(text: string): boolean {
  try {
    opaqueString(text);
    return true;
  } catch (error) {
    if (error instanceof PrecisError) return false;
    throw error;
  }
}
