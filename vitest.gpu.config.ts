// `npm run test:gpu`: the tests that need a GPU. They skip, saying why, where there is none.
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/gpu/**/*.test.ts"],
    pool: "forks",
    testTimeout: 300_000,
    hookTimeout: 60_000,
    server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
  },
});
