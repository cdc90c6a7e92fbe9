import { pointListProblem, registerMapProblem } from '@thingward/gateway';
import type { DocumentCheck } from '@thingward/services';

/** What the broker looks at before it keeps a document, beside what it knows itself: lists of points must be those a gateway can use. */
export const BROKER_CHECKS: Readonly<Record<string, DocumentCheck>> = {
  'register-map': registerMapProblem,
  'point-list': pointListProblem,
};
