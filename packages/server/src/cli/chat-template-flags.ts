// The flags about chat templates, with vLLM's names and meaning.
import { readFileSync } from "node:fs";
import { checkChatTemplate } from "@octavo/tokenizer";
import { type Command, InvalidArgumentError } from "commander";

export function addChatTemplateFlags(command: Command): Command {
  return command
    .optionsGroup("Chat:")
    .option(
      "--chat-template <file|template>",
      "Jinja template for chats, from a file or as text (default: the model's)",
      chatTemplate,
    )
    .option(
      "--default-chat-template-kwargs <json>",
      'chat_template_kwargs of requests that lack them: {"enable_thinking": false}',
      templateKwargs,
    );
}

/** Text with a brace or a line end is a template, anything else a file's name. */
export function chatTemplate(value: string): string {
  const source = /[{}\n]/.test(value) ? value : fileText(value);
  try {
    checkChatTemplate(source);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}`);
  }
  return source;
}

export function templateKwargs(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidArgumentError('It must be a JSON object, such as {"enable_thinking": false}.');
}

function fileText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new InvalidArgumentError(
      `It must be a file or a Jinja template, and the file cannot be read (${(cause as Error).message}).`,
    );
  }
}
