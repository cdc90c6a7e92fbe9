import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const folder = fileURLToPath(new URL('.', import.meta.url));

// The `source` condition makes the packages of this workspace come from their sources, so that no other build is needed before.
export default defineConfig(({ mode }) => ({
  root: mode === 'fake' ? `${folder}dev` : folder,
  base: './',
  publicDir: `${folder}public`,
  resolve: { conditions: ['source', 'module', 'browser', 'import', 'default'] },
  build: {
    outDir: mode === 'fake' ? `${folder}dev/dist` : `${folder}dist`,
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
  },
}));
