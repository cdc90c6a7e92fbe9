import type { DocumentReference } from '@thingward/things';
import { Jid } from '@thingward/xmpp';
import { z } from 'zod';

const thingJid = z.string().transform((text, context): Jid => {
  const jid = Jid.tryParse(text);
  if (jid && !jid.isFull) return jid;
  context.addIssue({
    code: 'custom',
    message: `expected the address of a Thing such as plc@example.org, got "${text}"`,
  });
  return z.NEVER;
});

const document = z.strictObject({
  name: z.string().min(1).default('default'),
  /** Another Thing, whose list this one shares. */
  thing: thingJid.optional(),
  node: z
    .strictObject({
      nodeId: z.string().min(1),
      sourceId: z.string().min(1).optional(),
      cacheType: z.string().min(1).optional(),
    })
    .optional(),
  /** May the list make parameters of points? Whoever may change the list, or the server, then says what is written where. */
  writable: z.boolean().default(false),
});

/** Where the points of a device are listed beside the configuration: a file, or a document of the service broker. */
export const pointListSchema = z.union([
  z.string().min(1),
  z.strictObject({ broker: z.union([z.literal(true).transform(() => document.parse({})), document]) }),
]);

export type PointListSource = z.output<typeof pointListSchema>;
/** A list of points that is a document. */
export type PointListDocument = Exclude<PointListSource, string>['broker'];

/** The document of a source; undefined for a file. */
export function documentOfSource(source: PointListSource | undefined): PointListDocument | undefined {
  return typeof source === 'object' ? source.broker : undefined;
}

/** Which document is meant: one about the Thing itself where the configuration names no other. */
export function referenceOf(
  kind: 'register-map' | 'point-list',
  { name, thing, node }: PointListDocument,
  own: Pick<DocumentReference, 'thing' | 'node'>,
): DocumentReference {
  if (thing === undefined && node === undefined) return { ...own, kind, name };
  return { thing: thing ?? own.thing, node: node as DocumentReference['node'], kind, name };
}
