import {
  ACCESS_KINDS,
  type AccessQuestionToOwner,
  type AccessRule,
  decodeQuestions,
  decodeRuleAnswer,
  decodeRules,
  encodeDismiss,
  encodeList,
  encodeOwnerAnswer,
  encodeOwnerDecision,
  encodeRuleEdit,
  encodeWithdraw,
  FIELD_TYPES,
  type NodeReference,
  RULE_SCOPES,
  type RuleContent,
} from '@thingward/things';
import type { Element } from '@thingward/xml';
import { Jid, StanzaError } from '@thingward/xmpp';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';

/** Sends a request to the provisioning server as the account that has signed in. */
export type AskProvisioning = (
  request: FastifyRequest,
  type: 'get' | 'set',
  payload: Element,
) => Promise<Element | undefined>;

const id = z.coerce
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const idParams = z.object({ id });
const part = z.object({ after: id.optional(), max: id.optional() });

const bareJid = z.string().transform((text, context): Jid => {
  const jid = Jid.tryParse(text);
  if (jid) return jid.bare;
  context.addIssue({ code: 'custom', message: `expected a JID such as plant@example.org, got "${text}"` });
  return z.NEVER;
});

const contentShape = {
  allow: z.boolean(),
  names: z.array(z.string().min(1)).min(1).nullish(),
  types: z.array(z.enum(FIELD_TYPES)).min(1).nullish(),
  once: z.boolean().optional(),
  until: z.iso.datetime({ offset: true }).nullish(),
};
const content = z.strictObject(contentShape);
const answer = z.strictObject({
  ...contentShape,
  scope: z.enum(RULE_SCOPES).default('requester'),
  subject: z.string().min(1).optional(),
});
const thing = z.strictObject({
  jid: bareJid,
  node: z
    .strictObject({
      nodeId: z.string().min(1),
      sourceId: z.string().min(1).optional(),
      cacheType: z.string().min(1).optional(),
    })
    .optional(),
});
const decision = z
  .strictObject({
    ...contentShape,
    thing,
    kind: z.enum(ACCESS_KINDS),
    scope: z.enum(RULE_SCOPES),
    subject: z.string().min(1).optional(),
  })
  .refine(({ scope, subject }) => (scope === 'anyone') === (subject === undefined), {
    path: ['subject'],
    message: 'every scope but anyone needs a subject, and anyone has none',
  });

/** What waits for the owner's decision, and what it has decided. @see docs/provisioning.md */
export function provisioningApi(app: FastifyInstance, ask: AskProvisioning): void {
  app.get('/provisioning/questions', async (request) => {
    const answered = await ask(request, 'get', encodeList('questions', part.parse(request.query)));
    const { items, more } = decodeQuestions(given(answered));
    return { questions: items.map(questionJson), more };
  });
  app.post('/provisioning/questions/:id/answer', async (request, reply) => {
    const { id: question } = idParams.parse(request.params);
    const { scope, subject, ...rest } = answer.parse(request.body);
    const payload = encodeOwnerAnswer({ question, scope, subject, ...contentOf(rest) });
    const rule = decodeRuleAnswer(await ask(request, 'set', payload));
    return reply.code(201).header('location', locationOf(rule)).send(ruleJson(rule));
  });
  app.delete('/provisioning/questions/:id', async (request, reply) => {
    await ask(request, 'set', encodeDismiss(idParams.parse(request.params).id));
    return reply.code(204).send();
  });
  app.get('/provisioning/rules', async (request) => {
    const answered = await ask(request, 'get', encodeList('rules', part.parse(request.query)));
    const { items, more } = decodeRules(given(answered));
    return { rules: items.map(ruleJson), more };
  });
  app.post('/provisioning/rules', async (request, reply) => {
    const { thing: about, kind, scope, subject = '', ...rest } = decision.parse(request.body);
    const node = about.node as NodeReference | undefined;
    const payload = encodeOwnerDecision({ jid: about.jid, node, kind, scope, subject, ...contentOf(rest) });
    const rule = decodeRuleAnswer(await ask(request, 'set', payload));
    return reply.code(201).header('location', locationOf(rule)).send(ruleJson(rule));
  });
  app.put('/provisioning/rules/:id', async (request) => {
    const { id: rule } = idParams.parse(request.params);
    const payload = encodeRuleEdit({ rule, ...contentOf(content.parse(request.body)) });
    return ruleJson(decodeRuleAnswer(await ask(request, 'set', payload)));
  });
  app.delete('/provisioning/rules/:id', async (request, reply) => {
    await ask(request, 'set', encodeWithdraw(idParams.parse(request.params).id));
    return reply.code(204).send();
  });
}

function contentOf({ allow, names, types, once, until }: z.output<typeof content>): RuleContent {
  return {
    isAllowed: allow,
    names: names ?? undefined,
    types: types ?? undefined,
    once,
    until: until ? new Date(until) : undefined,
  };
}

function questionJson(question: AccessQuestionToOwner) {
  const { id: number, jid, node, kind, requester, serviceToken, deviceToken, userToken, asked } = question;
  return {
    id: number,
    thing: { jid: jid.toString(), node },
    kind,
    requester: requester.toString(),
    tokens: { service: serviceToken, device: deviceToken, user: userToken },
    asked,
    first: question.first,
    last: question.last,
    types: question.types,
    items: question.items.map(({ name, types, isWanted }) => ({ name, types, wanted: isWanted })),
  };
}

function ruleJson(rule: AccessRule) {
  const { id: number, jid, node, kind, scope, subject, isAllowed, names, types, once, until, made } = rule;
  return {
    id: number,
    thing: { jid: jid.toString(), node },
    kind,
    scope,
    subject: subject === '' ? undefined : subject,
    allow: isAllowed,
    names: names ?? null,
    types: types ?? null,
    once: once ?? false,
    until: until ?? null,
    made,
  };
}

function locationOf(rule: AccessRule): string {
  return `/api/v1/provisioning/rules/${rule.id}`;
}

function given(element: Element | undefined): Element {
  if (element === undefined) throw new StanzaError('undefined-condition', 'the answer is empty');
  return element;
}
