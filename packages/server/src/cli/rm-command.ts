// `octavo rm`: a model, or one revision of it, out of the cache.
import { createInterface } from "node:readline/promises";
import { OctavoError } from "@octavo/core";
import { Command } from "commander";
import { nonEmpty } from "./flag-values.js";
import { formatBytes } from "./sizes.js";

interface RmFlags {
  readonly downloadDir?: string;
  readonly yes?: boolean;
}

export function rmCommand(): Command {
  return new Command("rm")
    .description("remove a model from the cache, for Python too")
    .argument(
      "<ID>",
      "org/name, org/name@REVISION (a branch, a tag, a commit or its beginning) or org/name:QUANTIZATION",
    )
    .option("-y, --yes", "do not ask")
    .option("--download-dir <path>", "cache of models (default: HF_HUB_CACHE, else hub in HF_HOME)", nonEmpty)
    .action(runRm);
}

async function runRm(id: string, { downloadDir, yes }: RmFlags): Promise<void> {
  const hub = await import("@octavo/hub");
  // Whatever is in the working folder: what is removed is of the cache.
  const reference = hub.parseReference(/^(hf|ms):\/\//.test(id) ? id : `hf://${id}`);
  if (reference.kind === "local") {
    const message = `octavo rm takes names such as org/name and org/name@REVISION, got ${JSON.stringify(id)}`;
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, param: "ID" });
  }
  const settings = reference.host === "modelscope" ? hub.modelScopeSettings : hub.huggingFaceSettings;
  const repo = new hub.RepoFolder(downloadDir ?? settings(process.env).cacheDir, reference.id);
  const removal = hub.planRemoval(repo, reference);
  const what = `${hub.formatReference(reference)} (${formatBytes(removal.bytes)}, ${repo.path})`;
  if (!yes && !(await confirm(what))) {
    process.stderr.write("nothing is removed\n");
    process.exitCode = 1;
    return;
  }
  await hub.removeModel(removal);
  process.stderr.write(`removed ${what}\n`);
}

/** @throws INVALID_ARGUMENT where nobody can answer */
async function confirm(what: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    const message = `octavo rm would remove ${what}: say --yes, as nobody can be asked here`;
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, param: "yes" });
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`Remove ${what}? [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
