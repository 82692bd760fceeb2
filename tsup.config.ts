import { existsSync } from "node:fs";
import { defineConfig } from "tsup";

// One configuration for every package: each entry that exists becomes a file of dist/. Declarations come from tsc.
const entries = ["index", "testing/index", "core/index", "cli", "engine-thread", "engine-overhead"];

export default defineConfig({
  entry: Object.fromEntries(entries.filter((e) => existsSync(`src/${e}.ts`)).map((e) => [e, `src/${e}.ts`])),
  format: "esm",
  target: "node20",
  platform: "node",
  sourcemap: true,
  splitting: true,
  clean: true,
  silent: true,
});
