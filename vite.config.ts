/**
 * Bundles the command into dist/cli: one entry, one chunk for each verb that main.ts imports lazily.
 * Unbundled, zod + xstate + immer alone cost 66 ms of start-up; bundled, 10 ms.
 * The library (dist/src, dist/machines) is what tsc emits and is not bundled.
 */
import { defineConfig } from 'vite'

export default defineConfig({
  logLevel: 'warn',
  ssr: { noExternal: true },
  build: {
    ssr: 'src/cli/main.ts',
    outDir: 'dist/cli',
    emptyOutDir: false,
    target: 'node20.19',
    minify: false,
    reportCompressedSize: false,
    rolldownOptions: {
      // node:sqlite is a builtin only of newer Nodes than the one that may run this build, hence the pattern.
      external: [/^node:/, 'better-sqlite3'],
      output: {
        format: 'es',
        entryFileNames: '[name].js',
        // Flat and without hashes: '../../package.json' is the package's own from src/cli and from every chunk.
        chunkFileNames: '[name].js',
      },
    },
  },
})
