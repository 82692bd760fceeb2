// The flags of commands that may download a model.
import type { AskOptions, PullOptions } from "@octavo/hub";
import type { Command } from "commander";
import { nonEmpty } from "./flag-values.js";

export interface LocationFlags {
  readonly revision?: string;
  readonly downloadDir?: string;
  readonly hfToken?: string;
}

export function addLocationFlags(command: Command): Command {
  return command
    .option(
      "--revision <revision>",
      "of a model on a hub: branch, tag or commit (default: its default branch)",
      nonEmpty,
    )
    .option("--download-dir <path>", "cache of models (default: HF_HUB_CACHE, else hub in HF_HOME)", nonEmpty)
    .option(
      "--hf-token <token>",
      "for gated and private models (default: HF_TOKEN, else that of hf auth login)",
      nonEmpty,
    );
}

export function hubOptions({ revision, downloadDir, hfToken }: LocationFlags): AskOptions {
  return { revision, cacheDir: downloadDir, token: hfToken };
}

/** With a bar on stderr. */
export async function pullOptions(flags: LocationFlags): Promise<PullOptions> {
  const { DownloadBar } = await import("./download-bar.js");
  return { ...hubOptions(flags), onProgress: new DownloadBar().update };
}
