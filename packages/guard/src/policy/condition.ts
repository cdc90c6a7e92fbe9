import { uidText } from './attribute-use.ts';
import type { Expr, PolicyJson } from './cedar.ts';
import {
  areEqual,
  attributeValue,
  ConditionDecimal,
  ConditionEntity,
  ConditionSet,
  ConditionTime,
  type ConditionValue,
  contextValue,
  decimalValue,
  longValue,
  timeValue,
  UNDECIDED,
} from './condition-value.ts';
import { CONTEXT_ATTRIBUTES, type ContextAttribute } from './context-attributes.ts';
import type { KnownEntity } from './known-entity.ts';
import type { PolicyRequest } from './policy-request.ts';
import { groupsOfAction } from './scope.ts';

/** Do the conditions of a policy hold? Throws UNDECIDED where that has to be asked of Cedar, as whenever something would go wrong. */
export type Condition = (request: PolicyRequest) => boolean;

type Evaluate = (request: PolicyRequest) => ConditionValue;
type Sides = { readonly left: Expr; readonly right: Expr };

/**
 * Conditions as a function, so that a decision need not cross into WebAssembly. It knows the part of Cedar that policies about Things are
 * made of; a policy with anything else in it is undefined here, and is left to Cedar. What it says is what Cedar says, or it says nothing.
 * @see https://docs.cedarpolicy.com/policies/syntax-operators.html
 */
export function compileCondition({ conditions }: PolicyJson): Condition | undefined {
  try {
    const clauses = conditions.map(({ kind, body }) => ({ holds: truth(compile(body)), expected: kind === 'when' }));
    return (request) => clauses.every(({ holds, expected }) => holds(request) === expected);
  } catch (error) {
    if (error === UNDECIDED) return undefined;
    throw error;
  }
}

/** @throws UNDECIDED for what it does not know */
function compile(expression: Expr): Evaluate {
  const [[operator, operand] = [], ...others] = Object.entries(expression) as [string, never][];
  const make = operator === undefined || others.length > 0 ? undefined : OPERATORS[operator];
  if (make === undefined || operand === undefined) throw UNDECIDED;
  return make(operand);
}

const OPERATORS: Readonly<Record<string, ((operand: never) => Evaluate) | undefined>> = {
  Value: literal,
  Var: variable,
  Set: setOf,
  '.': lookUp,
  has,
  in: isIn,
  is,
  like,
  'if-then-else': ({ if: condition, then, else: otherwise }: { readonly if: Expr; then: Expr; else: Expr }) => {
    const [test, yes, no] = [truth(compile(condition)), compile(then), compile(otherwise)];
    return (request) => (test(request) ? yes(request) : no(request));
  },
  '!': ({ arg }: { readonly arg: Expr }) => {
    const holds = truth(compile(arg));
    return (request) => !holds(request);
  },
  '&&': (operands: Sides) => {
    const [left, right] = [truth(compile(operands.left)), truth(compile(operands.right))];
    return (request) => left(request) && right(request);
  },
  '||': (operands: Sides) => {
    const [left, right] = [truth(compile(operands.left)), truth(compile(operands.right))];
    return (request) => left(request) || right(request);
  },
  '==': (operands: Sides) => binary(operands, areEqual),
  '!=': (operands: Sides) => binary(operands, (left, right) => !areEqual(left, right)),
  '<': (operands: Sides) => binary(operands, (left, right) => ordinal(left) < ordinal(right, left)),
  '<=': (operands: Sides) => binary(operands, (left, right) => ordinal(left) <= ordinal(right, left)),
  '>': (operands: Sides) => binary(operands, (left, right) => ordinal(left) > ordinal(right, left)),
  '>=': (operands: Sides) => binary(operands, (left, right) => ordinal(left) >= ordinal(right, left)),
  '+': (operands: Sides) => binary(operands, (left, right) => longValue(long(left) + long(right))),
  '-': (operands: Sides) => binary(operands, (left, right) => longValue(long(left) - long(right))),
  '*': (operands: Sides) => binary(operands, (left, right) => longValue(long(left) * long(right))),
  contains: (operands: Sides) => binary(operands, (left, right) => members(left).has(member(right))),
  containsAll: (operands: Sides) =>
    binary(operands, (left, right) => [...members(right)].every((one) => members(left).has(one))),
  containsAny: (operands: Sides) =>
    binary(operands, (left, right) => [...members(right)].some((one) => members(left).has(one))),
  decimal: (operands: readonly Expr[]) => constant(decimalValue(textOf(operands))),
  datetime: (operands: readonly Expr[]) => constant(timeValue(textOf(operands))),
  lessThan: (operands: readonly Expr[]) => comparison(operands, (left, right) => left < right),
  lessThanOrEqual: (operands: readonly Expr[]) => comparison(operands, (left, right) => left <= right),
  greaterThan: (operands: readonly Expr[]) => comparison(operands, (left, right) => left > right),
  greaterThanOrEqual: (operands: readonly Expr[]) => comparison(operands, (left, right) => left >= right),
};

function constant(value: ConditionValue): Evaluate {
  return () => value;
}

function binary(operands: Sides, combine: (left: ConditionValue, right: ConditionValue) => boolean | number): Evaluate {
  const [left, right] = [compile(operands.left), compile(operands.right)];
  return (request) => combine(left(request), right(request));
}

function comparison(operands: readonly Expr[], compare: (left: number, right: number) => boolean): Evaluate {
  const [left, right, ...others] = operands;
  if (left === undefined || right === undefined || others.length > 0) throw UNDECIDED;
  return binary({ left, right }, (a, b) => {
    if (!(a instanceof ConditionDecimal && b instanceof ConditionDecimal)) throw UNDECIDED;
    return compare(a.scaled, b.scaled);
  });
}

function literal(value: unknown): Evaluate {
  if (typeof value === 'boolean' || typeof value === 'string') return constant(value);
  if (typeof value === 'number') return constant(longValue(value));
  if (typeof value === 'object' && value !== null && '__entity' in value) {
    const { type, id } = value.__entity as { readonly type: string; readonly id: string };
    const uid = uidText({ type, id });
    return (request) => entityNamed(type, uid, request);
  }
  throw UNDECIDED;
}

function variable(name: string): Evaluate {
  switch (name) {
    case 'principal':
      return ({ principal }) => entityOf(principal);
    case 'resource':
      return ({ resource }) => entityOf(resource);
    case 'action':
      return ({ action }) => new ConditionEntity('Action', uidText({ type: 'Action', id: action }), undefined);
    default:
      // The context as a whole.
      throw UNDECIDED;
  }
}

function setOf(expressions: readonly Expr[]): Evaluate {
  const evaluated = expressions.map(compile);
  return (request) => new ConditionSet(evaluated.map((evaluate) => member(evaluate(request))));
}

function lookUp({ left, attr }: { readonly left: Expr; readonly attr: string }): Evaluate {
  if (isContext(left)) {
    const name = contextAttribute(attr);
    return ({ context }) => {
      const value = context(name);
      if (value === undefined) throw UNDECIDED;
      return contextValue(name, value);
    };
  }
  const evaluate = compile(left);
  return (request) => {
    const attributes = entity(evaluate(request)).known?.attributes;
    if (attributes === undefined || !Object.hasOwn(attributes, attr)) throw UNDECIDED;
    return attributeValue(attributes[attr], (type, id) => entityNamed(type, uidText({ type, id }), request));
  };
}

function has({ left, attr }: { readonly left: Expr; readonly attr: string | readonly string[] }): Evaluate {
  const [name, ...deeper] = typeof attr === 'string' ? [attr] : attr;
  if (name === undefined || deeper.length > 0) throw UNDECIDED;
  if (isContext(left)) {
    const known = contextAttribute(name);
    return ({ context }) => context(known) !== undefined;
  }
  const evaluate = compile(left);
  return (request) => Object.hasOwn(entity(evaluate(request)).known?.attributes ?? {}, name);
}

function isIn({ left, right }: Sides): Evaluate {
  const below = compile(left);
  const above = ('Set' in right ? (right.Set as readonly Expr[]) : [right]).map(compile);
  return (request) => {
    const one = entity(below(request));
    return above.some((evaluate) => isInside(one, entity(evaluate(request)), request));
  };
}

function is({ left, entity_type: type, in: inside }: { left: Expr; entity_type: string; in?: Expr }): Evaluate {
  const evaluate = compile(left);
  const above = inside && compile(inside);
  return (request) => {
    const one = entity(evaluate(request));
    return one.type === type && (above === undefined || isInside(one, entity(above(request)), request));
  };
}

/** @see https://docs.cedarpolicy.com/policies/syntax-operators.html#like-string-matching-with-wildcard */
function like({ left, pattern }: { left: Expr; pattern: readonly ('Wildcard' | { Literal: string })[] }): Evaluate {
  const evaluate = compile(left);
  const parts = [''];
  for (const element of pattern) {
    if (element === 'Wildcard') parts.push('');
    else parts[parts.length - 1] += element.Literal;
  }
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  return (request) => {
    const text = evaluate(request);
    if (typeof text !== 'string') throw UNDECIDED;
    if (last === undefined) return text === first;
    if (!text.startsWith(first)) return false;
    let from = first.length;
    for (const part of rest) {
      const at = text.indexOf(part, from);
      if (at === -1) return false;
      from = at + part.length;
    }
    return text.length - last.length >= from && text.endsWith(last);
  };
}

function truth(evaluate: Evaluate): Condition {
  return (request) => {
    const value = evaluate(request);
    if (typeof value !== 'boolean') throw UNDECIDED;
    return value;
  };
}

function long(value: ConditionValue): number {
  if (typeof value !== 'number') throw UNDECIDED;
  return value;
}

/** Numbers and times have an order, among themselves. */
function ordinal(value: ConditionValue, beside: ConditionValue = value): number {
  if (typeof value === 'number' && typeof beside === 'number') return value;
  if (value instanceof ConditionTime && beside instanceof ConditionTime) return value.ms;
  throw UNDECIDED;
}

function member(value: ConditionValue): string | number {
  if (typeof value !== 'string' && typeof value !== 'number') throw UNDECIDED;
  return value;
}

function members(value: ConditionValue): ReadonlySet<string | number> {
  if (!(value instanceof ConditionSet)) throw UNDECIDED;
  return value.members;
}

function entity(value: ConditionValue): ConditionEntity {
  if (!(value instanceof ConditionEntity)) throw UNDECIDED;
  return value;
}

const ENTITIES = new WeakMap<KnownEntity, ConditionEntity>();

/** Made once for as long as the entity is known. */
function entityOf(known: KnownEntity): ConditionEntity {
  const before = ENTITIES.get(known);
  if (before) return before;
  const made = new ConditionEntity(known.type, known.uid, known);
  ENTITIES.set(known, made);
  return made;
}

/** With what is known of it in a request, which is of few. */
function entityNamed(type: string, uid: string, { principal, resource }: PolicyRequest): ConditionEntity {
  if (uid === principal.uid) return entityOf(principal);
  if (uid === resource.uid) return entityOf(resource);
  for (const related of resource.related) if (related.uid === uid) return entityOf(related);
  return new ConditionEntity(type, uid, undefined);
}

function isInside(one: ConditionEntity, above: ConditionEntity, { action }: PolicyRequest): boolean {
  if (one.uid === above.uid) return true;
  if (one.type !== 'Action') return one.known?.ancestors.has(above.uid) ?? false;
  return (
    one.uid === uidText({ type: 'Action', id: action }) &&
    groupsOfAction(action).some((id) => uidText({ type: 'Action', id }) === above.uid)
  );
}

function isContext(expression: Expr): boolean {
  return 'Var' in expression && expression.Var === 'context';
}

function contextAttribute(name: string): ContextAttribute {
  if (!Object.hasOwn(CONTEXT_ATTRIBUTES, name)) throw UNDECIDED;
  return name as ContextAttribute;
}

function textOf(operands: readonly Expr[]): string {
  const [only, ...others] = operands;
  if (only === undefined || others.length > 0 || !('Value' in only) || typeof only.Value !== 'string') throw UNDECIDED;
  return only.Value;
}
