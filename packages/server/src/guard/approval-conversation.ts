import { ApprovalError, type ApprovalRequest, describeRequest, type Guard, isComplete } from '@thingward/guard';
import { xml } from '@thingward/xml';
import { Jid, message } from '@thingward/xmpp';
import type { Router } from '../router.ts';
import { Stanza } from '../stanza.ts';

const ANSWER = /^\s*(approve|refuse)\s+(\S{1,64})\s*$/i;
const HELP = 'Answer "approve ID" or "refuse ID".';

/** @param told what came of it, as it is told to who answered */
type AnswerListener = (verb: 'approve' | 'refuse', id: string, jid: string, told: string) => void;

/** Requests for approval as a chat with the server: who may approve is told, and answers. */
export class ApprovalConversation {
  readonly #onAnswer: AnswerListener;
  readonly #guard: Guard;
  readonly #router: Router;

  /** @param onAnswer is told of each answer that came by chat */
  constructor(guard: Guard, router: Router, onAnswer: AnswerListener = () => undefined) {
    this.#onAnswer = onAnswer;
    this.#guard = guard;
    this.#router = router;
  }

  /** Tells who may approve it. */
  announce(request: ApprovalRequest): void {
    const members = new Set(request.approvers.flatMap((group) => this.#guard.membersOf(group)));
    members.delete(request.requester);
    for (const jid of members) this.#tell(jid, `${describeRequest(request)}\n${HELP}`);
  }

  /** A message to the server itself. @returns whether it was for this */
  heard(stanza: Stanza): boolean {
    if (!this.#guard.isActive || stanza.type === 'error' || stanza.type === 'groupchat') return false;
    const body = stanza.payload && stanza.element.child('body')?.text;
    const [, verb, id] = ANSWER.exec(body ?? '') ?? [];
    if (verb === undefined || id === undefined) return false;
    const jid = stanza.from.bare.toString();
    const given = verb.toLowerCase() === 'approve' ? 'approve' : 'refuse';
    const told = this.answer(given, id, jid);
    this.#onAnswer(given, id, jid, told);
    this.#tell(jid, told);
    return true;
  }

  /** Somebody approves or refuses. @param jid bare JID @returns what to tell them */
  answer(verb: 'approve' | 'refuse', id: string, jid: string): string {
    try {
      if (verb === 'refuse') {
        const request = this.#guard.approvals.refuse(id, jid);
        this.#tell(request.requester, `${id} was refused.`);
        return `${id} is refused.`;
      }
      const request = this.#guard.approvals.approve(id, jid);
      if (!isComplete(request)) {
        const open = request.approvers.filter((group) => !request.consents.has(group));
        return `${id} is approved by you; it needs ${open.join(' and ')}, too.`;
      }
      this.#tell(request.requester, `${id} was approved: ask again until ${request.expires.toISOString()}.`);
      return `${id} is approved.`;
    } catch (error) {
      if (error instanceof ApprovalError) return error.message;
      throw error;
    }
  }

  #tell(to: string, text: string): void {
    const jid = Jid.tryParse(to);
    if (!jid) return;
    void this.#router.route(Stanza.made(message('chat', {}, xml('body', {}, text)), this.#router.domain, jid));
  }
}
