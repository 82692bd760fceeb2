/** A program in a Markdown page. */
export interface Program {
  /** Of its first fence. */
  readonly line: number;
  readonly code: string;
  /** What the block of ```text right behind it says. */
  readonly prints?: string;
}

export function programsOf(markdown: string): Program[];
