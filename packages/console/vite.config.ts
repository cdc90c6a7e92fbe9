import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const folder = fileURLToPath(new URL('.', import.meta.url));

// The `source` condition makes the packages of this workspace come from their sources, so that no other build is needed before.
export default defineConfig(({ mode }) => ({
  // `--mode fake` is for working on the views: the console with a plant that runs in the page itself. It is not part of what is shipped.
  root: mode === 'fake' ? `${folder}dev` : folder,
  base: './',
  resolve: { conditions: ['source', 'module', 'browser', 'import', 'default'] },
  build: {
    outDir: mode === 'fake' ? `${folder}dev/dist` : `${folder}dist`,
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
  },
  // As the server has it, so that what it forbids is seen while working on the views.
  preview: {
    headers: {
      'content-security-policy':
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    },
  },
}));
