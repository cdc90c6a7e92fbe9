import type { FastifyInstance } from 'fastify';

/** What modules serve over HTTP, and where others find it. */
export class WebRoutes {
  readonly #routes: ((app: FastifyInstance) => void | Promise<void>)[] = [];
  #url: string | undefined;

  /** Adds routes, with hooks and parsers of their own that concern no others. To be called while modules start. */
  add(routes: (app: FastifyInstance) => void | Promise<void>): void {
    this.#routes.push(routes);
  }

  /** Where it all is for others, without a slash at the end; undefined until HTTP is open. */
  get url(): string | undefined {
    return this.#url;
  }

  async mount(app: FastifyInstance): Promise<void> {
    for (const routes of this.#routes) await app.register(async (scope) => routes(scope));
  }

  opened(url: string): void {
    this.#url = url;
  }
}
