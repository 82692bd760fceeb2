// The thread that renders chat templates: see template-worker.ts.
import { parentPort } from "node:worker_threads";
import type { TemplateAnswer, TemplateJob } from "./template-messages.js";
import { TemplateProgram } from "./template-program.js";

/** A process has a template or two; more only where tests load many models. */
const MAX_PROGRAMS = 16;

const programs = new Map<string, TemplateProgram>();

function programOf(source: string): TemplateProgram {
  const known = programs.get(source);
  if (known) return known;
  if (programs.size >= MAX_PROGRAMS) programs.clear();
  const program = new TemplateProgram(source);
  programs.set(source, program);
  return program;
}

function answer({ source, variables }: TemplateJob): TemplateAnswer {
  try {
    return { text: programOf(source).render(variables) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

parentPort!.on("message", (job: TemplateJob) => parentPort!.postMessage(answer(job)));
parentPort!.postMessage("ready" satisfies TemplateAnswer);
