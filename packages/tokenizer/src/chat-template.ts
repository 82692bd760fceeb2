// Chooses a model's chat template and renders messages with it, as transformers' apply_chat_template does.
import { checkArgument, OctavoError } from "@octavo/core";
import { type ChatMessage, type ChatOptions, type TemplateMessage, templateMessages } from "./chat-messages.js";
import { TemplateProgram } from "./template-program.js";
import { renderInThread } from "./template-worker.js";
import { damaged, type TokenizerFiles } from "./tokenizer-files.js";

/** Marks the place where the final message's text ends in the prompt. */
const CONTINUE_MARK = "CONTINUE_FINAL_MESSAGE_MARK ";

/** Templates of callers that are kept compiled. */
const MAX_OTHERS = 4;

const RESERVED = ["messages", "tools", "documents", "add_generation_prompt"];

/** The chat templates of one model. */
export class ChatTemplates {
  /** The model's own, by name; "default" is the usual one. */
  readonly #programs: ReadonlyMap<string, TemplateProgram>;
  /** Callers' templates by source, the one used longest ago first. */
  readonly #others = new Map<string, TemplateProgram>();
  readonly #variables: Readonly<Record<string, unknown>>;

  /**
   * @param variables what every template sees, for example bos_token
   * @throws CHECKPOINT that names the file when a template is not valid Jinja
   */
  constructor(
    { templates, templatesFile }: Pick<TokenizerFiles, "templates" | "templatesFile">,
    variables: Readonly<Record<string, unknown>>,
  ) {
    const programs = [...templates].map(([name, source]) => [name, compileOwn(name, source, templatesFile)] as const);
    this.#programs = new Map(programs);
    this.#variables = variables;
  }

  /** In this thread. @throws INVALID_ARGUMENT that names the option or message at fault */
  render(messages: readonly ChatMessage[], options: ChatOptions): string {
    const { program, variables, finish } = this.#prepare(messages, options);
    let prompt: string;
    try {
      prompt = program.render(variables);
    } catch (cause) {
      throw notRendered(cause as Error);
    }
    return finish(prompt);
  }

  /** In a thread of its own, for so long and in so much memory at most. @throws as {@link ChatTemplates.render} */
  async renderAsync(messages: readonly ChatMessage[], options: ChatOptions): Promise<string> {
    const { program, variables, finish } = this.#prepare(messages, options);
    const prompt = await renderInThread(program.source, variables).catch((cause: Error) => {
      throw notRendered(cause);
    });
    return finish(prompt);
  }

  #prepare(messages: readonly ChatMessage[], options: ChatOptions): Rendering {
    const { continueFinalMessage = false, tools, documents, kwargs = {} } = options;
    const addGenerationPrompt = options.addGenerationPrompt ?? !continueFinalMessage;
    checkArgument(
      !(continueFinalMessage && addGenerationPrompt),
      "continue_final_message and add_generation_prompt exclude each other; set one of them to false",
      "continue_final_message",
    );
    for (const name of RESERVED) {
      const param = `chat_template_kwargs.${name}`;
      checkArgument(!Object.hasOwn(kwargs, name), `${param} is not allowed: give ${name} as its own field`, param);
    }
    const program = this.#choose(options);
    const plain = templateMessages(messages, program.contentFormat);
    const finalText = continueFinalMessage ? markFinalText(plain) : "";
    const variables = {
      ...this.#variables,
      ...kwargs,
      messages: plain,
      tools: tools ?? null,
      documents: documents ?? null,
      add_generation_prompt: addGenerationPrompt,
    };
    return { program, variables, finish: (prompt) => (continueFinalMessage ? cutAtMark(prompt, finalText) : prompt) };
  }

  #choose({ chatTemplate, tools }: ChatOptions): TemplateProgram {
    const usual = tools && this.#programs.has("tool_use") ? "tool_use" : "default";
    const name = chatTemplate ?? usual;
    const own = this.#programs.get(name);
    if (own === undefined && chatTemplate !== undefined) return this.#other(chatTemplate);
    const names = [...this.#programs.keys()].join(", ");
    checkArgument(
      own !== undefined,
      names === ""
        ? "this model has no chat template: use text completion, or a model whose tokenizer_config.json or chat_template.jinja has a chat template"
        : `this model has several chat templates and no default: name one of ${names} in chat_template`,
      "chat_template",
    );
    return own;
  }

  #other(source: string): TemplateProgram {
    const program = this.#others.get(source) ?? compile(source);
    this.#others.delete(source);
    this.#others.set(source, program);
    for (const oldest of this.#others.keys()) {
      if (this.#others.size <= MAX_OTHERS) break;
      this.#others.delete(oldest);
    }
    return program;
  }
}

/** What a template is to render, and what becomes of its text. */
interface Rendering {
  readonly program: TemplateProgram;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly finish: (prompt: string) => string;
}

function notRendered(cause: Error): OctavoError {
  const message = `the chat template cannot render these messages: ${cause.message}`;
  return new OctavoError({ code: "INVALID_ARGUMENT", param: "messages", message, cause });
}

function compileOwn(name: string, source: string, file: string): TemplateProgram {
  try {
    return new TemplateProgram(source);
  } catch (cause) {
    const found = `its chat template "${name}" is not a valid Jinja template (${(cause as Error).message})`;
    throw damaged(file, found, "Correct it, or remove it and use text completion.", cause);
  }
}

/** @throws INVALID_ARGUMENT where a text is no chat template */
export function checkChatTemplate(source: string): void {
  compile(source);
}

function compile(source: string): TemplateProgram {
  try {
    return new TemplateProgram(source);
  } catch (cause) {
    const message = `chat_template is not a valid Jinja template: ${(cause as Error).message}. Correct it.`;
    throw new OctavoError({ code: "INVALID_ARGUMENT", param: "chat_template", message, cause });
  }
}

/** Puts the mark behind the final message's text. @returns that text without the mark */
function markFinalText(messages: TemplateMessage[]): string {
  const index = messages.length - 1;
  const last = messages[index];
  checkArgument(last !== undefined, "continue_final_message needs a message to continue, there is none", "messages");
  const param = `messages[${index}].content`;
  if (typeof last.content === "string") {
    const text = last.content;
    last.content = text + CONTINUE_MARK;
    return text;
  }
  const part = Array.isArray(last.content) ? (last.content as { text: string }[]).at(-1) : undefined;
  checkArgument(part, `continue_final_message needs text to continue, ${param} has none`, param);
  const text = part.text;
  part.text = text + CONTINUE_MARK;
  return text;
}

function cutAtMark(prompt: string, finalText: string): string {
  const at = prompt.lastIndexOf(CONTINUE_MARK.trim());
  checkArgument(
    at >= 0 && prompt.includes(finalText.trim()),
    "continue_final_message does not work with this chat template: it leaves out parts of the final message",
    "continue_final_message",
  );
  // A template that trims its messages took the mark's space too; then the text's own trailing space went the same way.
  const trimmed = !prompt.startsWith(CONTINUE_MARK, at);
  return trimmed ? prompt.slice(0, at).trimEnd() : prompt.slice(0, at);
}
