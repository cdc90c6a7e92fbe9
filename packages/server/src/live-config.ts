import { isDeepStrictEqual } from 'node:util';
import type { ServerConfig } from './config.ts';

/** What counts from the next start on only. */
const RESTART = [
  'domain',
  'dataDir',
  'storage',
  'workers',
  'history',
  'eventLog',
  'broker',
  'mcap',
  'provisioning',
  'announce',
  'audit',
  'baseline',
  'registry',
  'archive.enabled',
  'mailbox.enabled',
  'upload.enabled',
  'exi.enabled',
  'api.enabled',
  'auth.anonymous',
  'auth.registration',
  'auth.tokens.enabled',
] as const;

/** What a new configuration has changed. Keys are as in the file, such as `limits.maxConnections`. */
export interface ConfigChange {
  /** Keys that count from now on. */
  readonly applied: readonly string[];
  /** Keys that were left as they are until the server starts again. */
  readonly needsRestart: readonly string[];
}

/**
 * The configuration of a server that runs. Its sections are the same objects for as long as it lives, and are written to when the
 * configuration changes: whoever has one reads what holds now, at no cost.
 */
export class LiveConfig {
  readonly current: ServerConfig;

  constructor(config: ServerConfig) {
    this.current = copyOf(config) as ServerConfig;
  }

  /** What another configuration would change. */
  compare(next: ServerConfig): ConfigChange {
    const keys = differences(this.current, next);
    const isFixed = (key: string) => RESTART.some((fixed) => key === fixed || key.startsWith(`${fixed}.`));
    return { applied: keys.filter((key) => !isFixed(key)), needsRestart: keys.filter(isFixed) };
  }

  /** The other configuration with what cannot change as it is now. */
  reachable(next: ServerConfig): ServerConfig {
    const reachable = copyOf(next) as Record<string, unknown>;
    for (const key of RESTART) keep(reachable, this.current, key.split('.'));
    return reachable as ServerConfig;
  }

  /** Takes over what can change. */
  apply(next: ServerConfig): void {
    assign(this.current, this.reachable(next));
  }
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** New objects for the sections; what is inside them is never written to. */
function copyOf(value: unknown): unknown {
  return isSection(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]))
    : value;
}

/** Makes the value at a path what it is in another configuration. */
function keep(target: Record<string, unknown>, source: Record<string, unknown>, [key = '', ...rest]: string[]): void {
  if (rest.length === 0) target[key] = source[key];
  else keep(target[key] as Record<string, unknown>, source[key] as Record<string, unknown>, rest);
}

function assign(target: Record<string, unknown>, source: Record<string, unknown>): void {
  for (const key of Object.keys(target)) if (!(key in source)) delete target[key];
  for (const [key, value] of Object.entries(source)) {
    const known = target[key];
    if (isSection(known) && isSection(value)) assign(known, value);
    else target[key] = value;
  }
}

/** Paths to what is not the same. */
function differences(before: unknown, after: unknown, path = ''): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isSection(before) || !isSection(after)) return [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences(before[key], after[key], path ? `${path}.${key}` : key));
}
