import type { Field, MetaTag } from '@thingward/things';
import { field, text } from './fields.ts';

/** Meta tags that say what a Thing is, and the names of the fields that say it in a read-out. @see XEP-0347 §5 */
const IDENTITY_TAGS: Readonly<Record<string, string>> = {
  NAME: 'Name',
  MAN: 'Manufacturer',
  MODEL: 'Model',
  CLASS: 'Class',
  SN: 'Serial Number',
  V: 'Version',
};

/** What a Thing's meta tags say of its identity, as fields. The KEY is not among them. */
export function identityFields(metaTags: readonly MetaTag[], timestamp: Date): readonly Field[] {
  return metaTags.flatMap(({ name, value }) => {
    const fieldName = IDENTITY_TAGS[name];
    return fieldName === undefined ? [] : [field(fieldName, text(String(value)), timestamp, { types: ['identity'] })];
  });
}
