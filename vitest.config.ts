import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{packages,apps}/*/src/**/*.test.ts", "packages/*/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "test/gpu/**"], // vitest.gpu.config.ts
    // A crash of native code must cost one file, not the run.
    pool: "forks",
    // The longest takes 25 s on two idle cores; a busy machine must not fail it.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    server: { deps: { external: [/\/packages\/[^/]+\/dist\//] } },
  },
});
