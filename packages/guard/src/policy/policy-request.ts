import type { ActionName } from '../operation.ts';
import type { ContextSource } from './context-attributes.ts';
import type { KnownEntity } from './known-entity.ts';

/** What is to be decided. */
export interface PolicyRequest {
  readonly principal: KnownEntity;
  readonly action: ActionName;
  readonly resource: KnownEntity;
  readonly context: ContextSource;
}
