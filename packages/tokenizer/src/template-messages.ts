// What the thread that renders chat templates is asked and answers.

/** One rendering. */
export interface TemplateJob {
  readonly source: string;
  /** Plain data. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** "ready" once, then one answer for each job, in order. */
export type TemplateAnswer = "ready" | { readonly text: string } | { readonly error: string };
