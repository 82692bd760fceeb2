// What tokenizer.json's post-processor puts around one text.

export interface PostProcessorConfig {
  readonly type?: string;
  readonly processors?: readonly PostProcessorConfig[];
  readonly cls?: readonly [string, number];
  readonly sep?: readonly [string, number];
  readonly single?: readonly {
    readonly SpecialToken?: { readonly id: string };
    readonly Sequence?: { readonly id: string };
  }[];
  readonly special_tokens?: Readonly<Record<string, { readonly ids: readonly number[] }>>;
}

/** The ids before and behind a text's own. */
export interface Surroundings {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** @throws Error for a kind that Octavo lacks, or a token without an id */
export function surroundings(config: PostProcessorConfig | null): Surroundings {
  switch (config?.type) {
    case undefined:
    case "ByteLevel":
      return { before: [], after: [] };
    case "BertProcessing":
    case "RobertaProcessing":
      return { before: [idOf(config.cls, "cls")], after: [idOf(config.sep, "sep")] };
    case "TemplateProcessing":
      return ofTemplate(config);
    case "Sequence":
      return (config.processors ?? []).map(surroundings).reduce(
        (inner, outer) => ({
          before: [...outer.before, ...inner.before],
          after: [...inner.after, ...outer.after],
        }),
        { before: [], after: [] },
      );
    default:
      throw new Error(`its post_processor ${JSON.stringify(config!.type)} is unknown`);
  }
}

function ofTemplate({ single = [], special_tokens: known = {} }: PostProcessorConfig): Surroundings {
  const at = single.findIndex((item) => item.Sequence);
  const ids = (items: typeof single): number[] =>
    items.flatMap(({ SpecialToken: token }) => {
      if (!token) return [];
      const found = Object.hasOwn(known, token.id) ? known[token.id]!.ids : undefined;
      if (!found) throw new Error(`its post_processor adds the token ${JSON.stringify(token.id)}, which has no id`);
      return found;
    });
  return { before: ids(single.slice(0, Math.max(at, 0))), after: ids(single.slice(at + 1)) };
}

function idOf(token: readonly [string, number] | undefined, name: string): number {
  if (!Number.isInteger(token?.[1])) throw new Error(`its post_processor has no id for ${name}`);
  return token![1];
}
