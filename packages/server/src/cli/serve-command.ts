// `octavo serve`: its flags.
import { Command, Option } from "commander";
import { LOG_FORMATS, LOG_LEVELS } from "../logging/logger.js";
import type { ServeFlags } from "../run-serve.js";
import { addChatTemplateFlags } from "./chat-template-flags.js";
import { addEngineFlags } from "./engine-flags.js";
import { collect, integer, nonEmpty, port, seconds } from "./flag-values.js";
import { kvEventsConfig } from "./kv-events-config.js";

export type Serve = (model: string | undefined, flags: ServeFlags) => Promise<void>;

export function serveCommand(serve: Serve): Command {
  const command = new Command("serve")
    .description("serve a model over the OpenAI API")
    .argument(
      "[MODEL]",
      "folder, GGUF file or name on a hub of a model, such as org/name@REVISION or org/name:Q4_K_M (default: @octavo/model-pocket)",
    )
    .optionsGroup("Network:")
    .option("--host <host>", "address to listen on", nonEmpty, "127.0.0.1")
    .addOption(portOption())
    .option("--served-model-name <name...>", "names that requests may use (default: MODEL)", collect)
    .option("--api-key <key>", "key that clients must send; repeatable (env: OCTAVO_API_KEY)", collect)
    .option("--disable-fastapi-docs", "no /openapi.json and no /docs")
    .option(
      "--kv-events-config <json>",
      'tell routers on /kv_events what the prefix cache holds, prompts included: {"enable_kv_cache_events": true}',
      kvEventsConfig,
    )
    .option("--shutdown-timeout <seconds>", "how long running requests may finish after a signal", seconds, 30);
  addEngineFlags(addChatTemplateFlags(command))
    .optionsGroup("Sampling:")
    // Not among the engine's: for other commands it is the seed of their requests.
    .option("--seed <integer>", "makes requests without a seed of their own reproducible (default: none)", integer)
    .optionsGroup("Log, on stderr:")
    .addOption(new Option("--log-level <level>", "what is logged").choices(LOG_LEVELS).default("info"))
    .addOption(new Option("--log-format <format>", "(default: text on a terminal, else json)").choices(LOG_FORMATS))
    .option("--enable-log-requests", "log the bodies of requests, prompts included")
    .action(serve);
  return command.addHelpText(
    "after",
    `
Examples:
  octavo serve                                   serve the small model that comes with Octavo
  octavo serve ./my-model --port 8001 --served-model-name mine --max-model-len 4096
  octavo serve --config server.yaml              flags from a file: "port: 8001", "api-key: [one, two]"`,
  );
}

/** An empty PORT counts as none: shells and compose files write unset variables so. */
function portOption(): Option {
  const option = new Option("--port <port>", "port to listen on; 0: any").default(8000).argParser(port);
  return process.env.PORT === "" ? option : option.env("PORT");
}
