// Who may import whom (ARCHITECTURE.md, "Packages"). Anything not listed here fails the check.
const allowed = {
  core: [],
  "model-pocket": [],
  "kernels-cpu": ["core"],
  "kernels-cuda": ["core"],
  "kv-cache": ["core"],
  tokenizer: ["core"],
  quant: ["core"],
  hub: ["core"],
  scheduler: ["core", "kv-cache"],
  models: ["core", "quant"],
  engine: ["core", "hub", "kv-cache", "models", "scheduler", "tokenizer"],
  server: ["core", "engine", "hub", "tokenizer"],
};

const direction = Object.entries(allowed).map(([name, targets]) => ({
  name: `direction-${name}`,
  severity: "error",
  comment: `@octavo/${name} may import ${targets.length ? targets.map((t) => `@octavo/${t}`).join(", ") : "no other package"}`,
  from: { path: `^packages/${name}/src/`, pathNot: "[.]test[.]ts$" },
  to: {
    path: "^packages/",
    pathNot: [name, ...targets].map((target) => `^packages/${target}/`),
    dynamic: false,
  },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...direction,
    {
      name: "direction-bench",
      severity: "error",
      comment:
        "benchmarks use the engine as its users do, the kernels to see what its ops cost, and traces and metrics of the simulator",
      from: { path: "^apps/bench/src/" },
      to: { path: "^packages/", pathNot: "^packages/(engine|kernels-cuda|model-pocket|scheduler)/" },
    },
    {
      name: "direction-playground",
      severity: "error",
      comment: "the page talks to the server over HTTP, as any client does",
      from: { path: "^apps/playground/" },
      to: { path: "^packages/" },
    },
    {
      name: "kernels-only-by-dynamic-import",
      severity: "error",
      comment: "an engine must load where the kernels it does not use are not installed",
      from: { path: "^packages/(engine|server)/src/", pathNot: "[.]test[.]ts$" },
      to: { path: "^packages/kernels-", dynamic: false },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, path: "^packages/[^/]+/src/", pathNot: "[.]test[.]ts$|[.]d[.]ts$" },
      to: {},
    },
    {
      name: "declared-dependencies",
      severity: "error",
      comment: "what the published code imports stands in its package.json",
      from: { path: "^packages/[^/]+/src/", pathNot: "[.]test[.]ts$|/testing/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "unknown"] },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "[.]node$" } },
  ],
  options: {
    doNotFollow: { path: "node_modules|/dist/" },
    exclude: { path: "/(dist|build)/[^.]*$|fixtures" },
    includeOnly: "^(packages|apps)/",
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
  },
};
