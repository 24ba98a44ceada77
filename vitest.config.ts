import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The native Kafka client loads only in a process's main thread.
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    // Every blocking call of the native client takes a thread of libuv's pool; the default of 4 starves file access.
    env: { UV_THREADPOOL_SIZE: '16' },
    passWithNoTests: false,
  },
});
