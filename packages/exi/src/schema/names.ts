import type { QName } from './components.ts';

export const SCHEMA_NAMESPACE = 'http://www.w3.org/2001/XMLSchema';
export const INSTANCE_NAMESPACE = 'http://www.w3.org/2001/XMLSchema-instance';

/** A name as the key of a map: `{namespace}name`. */
export function nameKey(name: QName): string {
  return `{${name.namespace}}${name.name}`;
}

/** A name for people: `name` or `{namespace}name`. */
export function displayName(name: QName): string {
  return name.namespace === '' ? name.name : nameKey(name);
}
