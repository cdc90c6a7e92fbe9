import { describeOperation } from '../guard-decision.ts';
import type { Operation } from '../operation.ts';

/** Operations that need somebody else's consent. */
export interface ApprovalRequest {
  readonly id: string;
  /** Bare JID of who wants to do it. */
  readonly requester: string;
  readonly operations: readonly Operation[];
  /** Groups of the file; a member of each has to consent. */
  readonly approvers: readonly string[];
  readonly expires: Date;
  /** Bare JIDs of who has consented, by the group they did so for. */
  readonly consents: ReadonlyMap<string, string>;
}

/** An answer that can't be taken. */
export class ApprovalError extends Error {
  override readonly name = 'ApprovalError';
  readonly code: 'unknown-request' | 'not-an-approver' | 'own-request' | 'already-approved';

  constructor(code: ApprovalError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const MAX_REQUESTS = 1000;
const MAX_PER_REQUESTER = 20;

/**
 * Four eyes. Who asks for what needs consent is refused at once and told so; when others have consented it may be asked for again, and
 * is then permitted once, until the request expires. So nothing is ever done later than its requester waits for it.
 */
export class Approvals {
  readonly #requests = new Map<string, ApprovalRequest>();
  /** What the operations of requests are compared by. */
  readonly #fingerprints = new WeakMap<readonly Operation[], string>();
  readonly #isIn: (jid: string, group: string) => boolean;
  readonly #clock: () => Date;
  readonly #newId: () => string;

  /** @param isIn is somebody in a group of the file? @param newId makes names for requests that nobody guesses */
  constructor(isIn: (jid: string, group: string) => boolean, clock: () => Date, newId: () => string) {
    this.#isIn = isIn;
    this.#clock = clock;
    this.#newId = newId;
  }

  /**
   * Takes a request, or finds it again.
   * @returns it, and whether it is new; undefined when too many wait
   */
  request(
    operations: readonly Operation[],
    approvers: readonly string[],
    expiresMs: number,
  ): { readonly request: ApprovalRequest; readonly isNew: boolean } | undefined {
    const [first] = operations;
    if (!first) return undefined;
    const requester = first.principal.bare.toString();
    const same = this.#find(operations);
    if (same && approvers.every((group) => same.approvers.includes(group))) return { request: same, isNew: false };
    const waiting = this.list();
    const own = waiting.filter((request) => request.requester === requester);
    if (waiting.length >= MAX_REQUESTS || own.length >= MAX_PER_REQUESTER) return undefined;
    const request: ApprovalRequest = {
      id: this.#newId(),
      requester,
      operations,
      approvers: [...new Set(approvers)],
      expires: new Date(this.#clock().getTime() + expiresMs),
      consents: new Map(),
    };
    this.#requests.set(request.id, request);
    this.#fingerprints.set(operations, fingerprint(operations));
    return { request, isNew: true };
  }

  /** Is it consented to by all? Then this was the one time it is permitted. */
  use(operations: readonly Operation[]): ApprovalRequest | undefined {
    const request = this.#find(operations);
    if (!request || !isComplete(request)) return undefined;
    this.#requests.delete(request.id);
    return request;
  }

  /** Is it consented to by all? */
  isApproved(operations: readonly Operation[]): boolean {
    const request = this.#find(operations);
    return request !== undefined && isComplete(request);
  }

  /** Somebody consents. @param jid bare JID @returns the request; complete or not @throws ApprovalError */
  approve(id: string, jid: string): ApprovalRequest {
    const request = this.#expect(id, jid);
    const groups = this.#groupsFor(request, jid);
    const open = groups.filter((group) => !request.consents.has(group));
    if (open.length === 0) throw new ApprovalError('already-approved', `${id} was approved by you already`);
    const changed = {
      ...request,
      consents: new Map([...request.consents, ...open.map((group) => [group, jid] as const)]),
    };
    this.#requests.set(id, changed);
    return changed;
  }

  /** Somebody does not consent. @throws ApprovalError */
  refuse(id: string, jid: string): ApprovalRequest {
    const request = this.#expect(id, jid);
    this.#groupsFor(request, jid);
    this.#requests.delete(id);
    return request;
  }

  /** Those that wait, or are approved and not yet used. */
  list(): readonly ApprovalRequest[] {
    const now = this.#clock();
    for (const [id, { expires }] of this.#requests) if (expires <= now) this.#requests.delete(id);
    return [...this.#requests.values()];
  }

  #find(operations: readonly Operation[]): ApprovalRequest | undefined {
    if (this.#requests.size === 0) return undefined;
    const wanted = fingerprint(operations);
    return this.list().find((request) => this.#fingerprints.get(request.operations) === wanted);
  }

  #expect(id: string, jid: string): ApprovalRequest {
    const request = this.list().find((one) => one.id === id);
    if (!request) throw new ApprovalError('unknown-request', `there is no request ${id}; it may have expired`);
    if (request.requester === jid)
      throw new ApprovalError('own-request', 'nobody approves what they asked for themselves');
    return request;
  }

  #groupsFor(request: ApprovalRequest, jid: string): readonly string[] {
    const groups = request.approvers.filter((group) => this.#isIn(jid, group));
    if (groups.length === 0) {
      throw new ApprovalError('not-an-approver', `${request.id} is for ${request.approvers.join(', ')} to approve`);
    }
    return groups;
  }
}

export function isComplete({ approvers, consents }: ApprovalRequest): boolean {
  return approvers.every((group) => consents.has(group));
}

/** For people. */
export function describeRequest({ id, requester, operations, expires }: ApprovalRequest): string {
  const what = operations.slice(0, 5).map(describeOperation).join('; ');
  const more = operations.length > 5 ? ` and ${operations.length - 5} more` : '';
  return `${id}: ${requester} wants to ${what}${more} (until ${expires.toISOString()})`;
}

/** Equal for the same operations of the same requester, whatever the connection. */
function fingerprint(operations: readonly Operation[]): string {
  return JSON.stringify(
    operations.map(({ principal, action, resource, facts }) => [
      principal.bare.toString(),
      action,
      resource.kind,
      resource.jid,
      resource.node ?? null,
      Object.entries(facts)
        .filter(([, value]) => value !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    ]),
  );
}
