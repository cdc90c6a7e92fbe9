import { Jid, StanzaError } from '@thingward/xmpp';
import type { FastifyRequest } from 'fastify';
import { AccountRequests } from '../api/account-requests.ts';
import { ApiSignIn } from '../api/api-sign-in.ts';
import { Problem, problemOf, sendProblem } from '../api/problem.ts';
import { provisioningApi } from '../api/provisioning-api.ts';
import type { ServerModule } from '../module.ts';

/** Longest body of a request. */
const MAX_BODY_BYTES = 65_536;

/** What accounts can do over HTTP, at `/api/v1`. @see docs/provisioning.md */
export const restApi: ServerModule = {
  name: 'rest-api',
  start({ accounts, config, domain, logInGuard: guard, hooks, log, router, web }) {
    const settings = config.api;
    if (!settings.enabled || !config.listen.http) return;
    const requests = new AccountRequests(router, hooks);
    const signIn = new ApiSignIn({ accounts, router, guard, settings });
    /** Who asks, by request. */
    const callers = new WeakMap<FastifyRequest, Jid>();
    const provisioning = Jid.parse(`provisioning.${domain}`);
    web.add(async (app, addressOf) => {
      await app.register(
        async (scope) => {
          scope.setErrorHandler((error, _request, reply) => {
            const problem = problemOf(error);
            if (problem) return sendProblem(reply, problem);
            log.error({ err: error }, 'a request to the API failed');
            return sendProblem(reply, new Problem(500, 'internal-server-error', 'something went wrong here'));
          });
          scope.setNotFoundHandler((_request, reply) =>
            sendProblem(reply, new Problem(404, 'not-found', 'there is nothing at this path of the API')),
          );
          // Before anything else is looked at.
          scope.addHook('onRequest', async (request) => {
            callers.set(request, await signIn.account(request.headers.authorization, addressOf(request)));
          });
          scope.addHook('onSend', async (_request, reply) => {
            reply.header('cache-control', 'no-store');
          });
          provisioningApi(scope, async (request, type, payload) => {
            if (!router.hasService(provisioning.domain)) {
              throw new StanzaError('service-unavailable', `${domain} has no provisioning server`);
            }
            return requests.request(callers.get(request) as Jid, type, provisioning, payload);
          });
        },
        { prefix: '/api/v1', bodyLimit: MAX_BODY_BYTES } as { prefix: string },
      );
    });
    return () => requests.stop();
  },
};
