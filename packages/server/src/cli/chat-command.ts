// `octavo chat`: its flags.
import { Command } from "commander";
import { addClientFlags, type ClientFlags, samplingFields } from "./client-flags.js";
import { nonEmpty } from "./flag-values.js";

export interface ChatFlags extends ClientFlags {
  readonly systemPrompt?: string;
  readonly quick?: string;
}

export function chatCommand(): Command {
  const command = new Command("chat")
    .description("talk to a model in the terminal")
    .argument("[MODEL]", "folder, GGUF file or name on a hub of a model (default: @octavo/model-pocket)")
    .option("--system-prompt <text>", "what the model is told before the conversation", nonEmpty)
    .option("-q, --quick <message>", "one question, its answer, and out", nonEmpty);
  return addClientFlags(command)
    .action(runChatCommand)
    .addHelpText(
      "after",
      `
In the conversation: /system TEXT, /reset, /retry, /quit; Ctrl-C stops an answer.

Examples:
  octavo chat ./my-model --system-prompt "You answer in one sentence."
  octavo chat --url http://127.0.0.1:8000        talk to a running server
  octavo chat -q "Why is the sky blue?"          one answer, for scripts`,
    );
}

async function runChatCommand(folder: string | undefined, flags: ChatFlags): Promise<void> {
  const { systemPrompt, quick, ...rest } = flags;
  const [{ connectByFlags }, { ChatSession, runChat }] = await Promise.all([
    import("./connect-by-flags.js"),
    import("./chat.js"),
  ]);
  await using connection = await connectByFlags(folder, rest);
  const options = { systemPrompt, sampling: samplingFields(rest) };
  if (quick === undefined) {
    await runChat(connection, options);
    return;
  }
  const session = new ChatSession(connection, process.stdout, options);
  process.once("SIGINT", () => {
    if (session.stop()) process.exitCode = 130;
  });
  await session.ask(quick);
}
