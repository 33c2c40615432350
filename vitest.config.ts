import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    // The package's own name means the sources here, so that examples are tested without a build.
    alias: [
      { find: /^waymark$/, replacement: here('src/index.ts') },
      { find: /^waymark\/machines$/, replacement: here('machines/index.ts') },
      { find: /^waymark\/testing$/, replacement: here('src/testing/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    coverage: {
      provider: 'v8',
      enabled: false,
      include: ['src/**/*.ts', 'machines/**/*.ts'],
      reporter: ['text', 'html'],
    },
  },
})
