// What the page can show of a text in Markdown. There is no node for HTML: a model's output can never become markup.

export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "break" }
  | { readonly kind: "strong" | "emphasis" | "deleted"; readonly children: readonly Inline[] }
  /** `href` is one of `safeLink`. */
  | { readonly kind: "link"; readonly href: string; readonly children: readonly Inline[] };

export type Align = "left" | "center" | "right" | null;

export interface ListItem {
  /** Null: not a task. */
  readonly done: boolean | null;
  readonly children: readonly Block[];
}

export type Block =
  | { readonly kind: "paragraph" | "tight"; readonly children: readonly Inline[] }
  | { readonly kind: "heading"; readonly level: number; readonly children: readonly Inline[] }
  | { readonly kind: "code"; readonly language: string; readonly text: string }
  | { readonly kind: "quote"; readonly children: readonly Block[] }
  | { readonly kind: "list"; readonly start: number | null; readonly items: readonly ListItem[] }
  | {
      readonly kind: "table";
      readonly align: readonly Align[];
      readonly header: readonly (readonly Inline[])[];
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    }
  | { readonly kind: "rule" };

/** Addresses that a link of a model's output may have; others are shown, not linked. */
export function safeLink(href: string): string | null {
  return /^(https?:\/\/|mailto:)/i.test(href) ? href : null;
}
