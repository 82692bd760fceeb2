// `octavo list`: what is in the cache.
import { Command } from "commander";
import { nonEmpty } from "./flag-values.js";

export function listCommand(): Command {
  return new Command("list")
    .description("the models in the cache, Python's too")
    .option("--download-dir <path>", "cache of models (default: HF_HUB_CACHE, else hub in HF_HOME)", nonEmpty)
    .option("--json", "all of it as JSON, for programs")
    .action(runList);
}

async function runList({ downloadDir, json }: { downloadDir?: string; json?: boolean }): Promise<void> {
  const [{ listModels }, { formatModels }] = await Promise.all([import("./caches.js"), import("./list.js")]);
  const models = listModels(downloadDir);
  process.stdout.write(json ? `${JSON.stringify(models, null, 2)}\n` : formatModels(models, Date.now()));
}
