import { KEY_TAG, type MetaTag } from '@thingward/things';

/** A tag in a row of `registry_things`: a number is a numeric tag. */
type StoredTag = readonly [name: string, value: string | number];

/** What is kept of tags: never a KEY, and no empty string, which means that there is no such tag. */
export function kept(tags: readonly MetaTag[]): readonly MetaTag[] {
  return tags.filter(({ name, value }) => name !== KEY_TAG && value !== '');
}

export function storedTags(tags: readonly MetaTag[]): string {
  return JSON.stringify(kept(tags).map(({ name, value }): StoredTag => [name, value]));
}

export function tagsOfStored(text: string): readonly MetaTag[] {
  return (JSON.parse(text) as readonly StoredTag[]).map(([name, value]) =>
    typeof value === 'number' ? { name, type: 'num', value } : { name, type: 'str', value },
  );
}

/** Tags after an update: those given are set in their places, those given as an empty string removed. @see XEP-0347 §3.13 */
export function mergedTags(present: readonly MetaTag[], changes: readonly MetaTag[]): readonly MetaTag[] {
  const changed = new Map(changes.map((tag) => [tag.name, tag]));
  const names = new Set(present.map(({ name }) => name));
  return kept([
    ...present.map((tag) => changed.get(tag.name) ?? tag),
    ...changes.filter(({ name }) => !names.has(name)),
  ]);
}
