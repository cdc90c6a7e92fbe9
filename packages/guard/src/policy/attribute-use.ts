import type { PolicyJson } from './cedar.ts';

/** What a policy looks at, from its text. */
export interface AttributeUse {
  /** Of the context; undefined: all of it, since it is compared as a whole. */
  readonly context: ReadonlySet<string> | undefined;
  /** Of entities. */
  readonly entities: ReadonlySet<string>;
  /** Entities its conditions name, as `Type::"id"`. */
  readonly named: ReadonlySet<string>;
  /** Do its conditions look at the action? */
  readonly action: boolean;
  /** Do they ask what something is in? */
  readonly hierarchy: boolean;
  /** Do they ask about entities that attributes name, and not only which they are? */
  readonly related: boolean;
}

/** Finds them. A name that is looked up somewhere counts for all entities: too many do no harm. */
export function attributeUse({ conditions }: PolicyJson): AttributeUse {
  const context = new Set<string>();
  const entities = new Set<string>();
  const named = new Set<string>();
  let isWhole = false;
  let action = false;
  let hierarchy = false;
  let related = false;

  const visit = (node: unknown): void => {
    if (Array.isArray(node)) {
      for (const item of node) visit(item);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    for (const [operator, operand] of Object.entries(node)) {
      if ((operator === '.' || operator === 'has') && isLookUp(operand)) {
        const names = typeof operand.attr === 'string' ? [operand.attr] : operand.attr;
        if (isContext(operand.left)) {
          if (names[0] !== undefined) context.add(names[0]);
          for (const name of names.slice(1)) entities.add(name);
        } else {
          for (const name of names) entities.add(name);
          if (names.length > 1 || !isVariable(operand.left)) related = true;
          visit(operand.left);
        }
      } else if (operator === 'in' || operator === 'is') {
        hierarchy = true;
        const { left } = operand as { readonly left: unknown };
        if (!isVariable(left)) related = true;
        visit(operand);
      } else if (operator === 'Var' && operand === 'context') isWhole = true;
      else if (operator === 'Var' && operand === 'action') action = true;
      else if (operator === '__entity' && isUid(operand)) named.add(uidText(operand));
      else visit(operand);
    }
  };
  visit(conditions);
  return { context: isWhole ? undefined : context, entities, named, action, hierarchy, related };
}

function isLookUp(operand: unknown): operand is { readonly left: unknown; readonly attr: string | readonly string[] } {
  return typeof operand === 'object' && operand !== null && 'left' in operand && 'attr' in operand;
}

function isVariable(node: unknown): boolean {
  return typeof node === 'object' && node !== null && 'Var' in node;
}

function isContext(node: unknown): boolean {
  return typeof node === 'object' && node !== null && 'Var' in node && node.Var === 'context';
}

function isUid(node: unknown): node is { readonly type: string; readonly id: string } {
  return typeof node === 'object' && node !== null && 'type' in node && 'id' in node;
}

/** As policies write it. */
export function uidText({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}::${JSON.stringify(id)}`;
}
