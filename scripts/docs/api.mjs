// The API reference: TypeDoc reads every package's public names and their docstrings from the sources, all in one program.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Application, LogLevel } from "typedoc";
import { markdownFiles } from "./markdown-files.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const TABLES = ["interfacePropertiesFormat", "typeAliasPropertiesFormat", "enumMembersFormat"];

/** @returns TypeDoc and what it knows of the packages. @throws with TypeDoc's warnings: a link or a tag that leads nowhere */
export async function readApi() {
  const warnings = [];
  const app = await Application.bootstrapWithPlugins({
    name: "API reference",
    entryPoints: [
      here("../../packages/*/src/index.ts"),
      here("../../packages/*/src/{core,native,testing}/index.ts"), // What package.json exports beside "."
    ],
    tsconfig: here("tsconfig.json"),
    plugin: ["typedoc-plugin-markdown", here("markdown-theme.mjs")],
    theme: "compact",
    router: "module",
    readme: "none",
    excludeExternals: true,
    excludeInternal: true,
    skipErrorChecking: true, // `npm run typecheck` does that
    disableSources: true,
    excludeScopesInPaths: true,
    hideBreadcrumbs: true,
    hidePageHeader: true,
    hideGroupHeadings: true,
    useHTMLAnchors: true, // Their headings alone would not do: two names may give the same
    expandParameters: true,
    ...Object.fromEntries(TABLES.map((name) => [name, "table"])),
    tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true, hideSources: true },
    logLevel: LogLevel.Warn,
  });
  app.logger = Object.assign(Object.create(app.logger), {
    log: (message, level) => level >= LogLevel.Warn && warnings.push(message),
  });
  const project = await app.convert();
  if (project) app.validate(project);
  if (!project || warnings.length > 0) throw new Error(`TypeDoc: ${warnings.join("\n")}`);
  return { app, project };
}

/** @returns the pages' texts by their paths below docs/ */
export async function apiPages(app, project) {
  const folder = mkdtempSync(join(tmpdir(), "octavo-api-"));
  try {
    await app.outputs.writeOutput({ name: "markdown", path: folder }, project);
    const pages = new Map();
    for (const name of markdownFiles(folder)) {
      pages.set(join("api", name), readFileSync(join(folder, name), "utf8"));
    }
    pages.set("api/README.md", contents(project));
    return pages;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function contents(project) {
  const lines = project.children.map(({ name, comment }) => {
    const what = comment?.summary
      .map(({ text }) => text)
      .join("")
      .trim();
    return `- [${name}](${name.replace("@octavo/", "")}.md): ${what}`;
  });
  return `# API reference

Every public name of every package, from the docstrings in the sources; \`npm run docs\` writes these pages. Where to begin:
[LLM](engine.md#llm) to generate, [createApp](server.md#createapp) to serve, [Scheduler](scheduler.md#scheduler) to batch in an engine
of your own, [Backend](core.md#backend) and [Ops](core.md#ops) to write kernels.

${lines.join("\n")}
`;
}
