import type { FastifyInstance, FastifyRequest } from 'fastify';

/** IP address of the client that sent a request. */
export type AddressOf = (request: FastifyRequest) => string;

type Routes = (app: FastifyInstance, addressOf: AddressOf) => void | Promise<void>;

/** What modules serve over HTTP, and where others find it. */
export class WebRoutes {
  readonly #routes: Routes[] = [];
  #url: string | undefined;

  /** Adds routes, with hooks and parsers of their own that concern no others. To be called while modules start. */
  add(routes: Routes): void {
    this.#routes.push(routes);
  }

  /** Where it all is for others, without a slash at the end; undefined until HTTP is open. */
  get url(): string | undefined {
    return this.#url;
  }

  async mount(app: FastifyInstance, addressOf: AddressOf): Promise<void> {
    for (const routes of this.#routes) await app.register(async (scope) => routes(scope, addressOf));
  }

  opened(url: string): void {
    this.#url = url;
  }
}
