// The ids that a post-processor of tokenizer.json puts around a text.

export interface PostProcessorConfig {
  readonly type?: string;
  readonly processors?: readonly PostProcessorConfig[];
  readonly single?: readonly TemplatePart[];
  readonly special_tokens?: Readonly<Record<string, { readonly ids: readonly number[] }>>;
  readonly cls?: readonly [string, number];
  readonly sep?: readonly [string, number];
}

export interface TemplatePart {
  readonly SpecialToken?: { readonly id: string };
  readonly Sequence?: { readonly id: string };
}

export interface AddedIds {
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** A token to be added that has no id: nothing can be encoded with added tokens. */
  readonly missing?: string;
}

const NOTHING: AddedIds = { before: [], after: [] };

/** @param idOf of a token of the vocabulary @throws Error */
export function addedIds(
  config: PostProcessorConfig | null | undefined,
  idOf: (token: string) => number | undefined,
): AddedIds {
  switch (config?.type) {
    case undefined:
    case "ByteLevel":
      return NOTHING;
    case "Sequence":
      return (config.processors ?? []).reduce((inner, step) => around(inner, addedIds(step, idOf)), NOTHING);
    case "BertProcessing":
    case "RobertaProcessing":
      return { before: [idIn(config.cls, "cls")], after: [idIn(config.sep, "sep")] };
    case "TemplateProcessing":
      return template(config, idOf);
    default:
      throw new Error(`its post_processor ${JSON.stringify(config?.type)} is unknown`);
  }
}

function idIn(token: readonly [string, number] | undefined, name: string): number {
  if (!Number.isInteger(token?.[1])) throw new Error(`its post_processor has no id for ${name}`);
  return token![1];
}

function around(inner: AddedIds, outer: AddedIds): AddedIds {
  const missing = inner.missing ?? outer.missing;
  return {
    before: [...outer.before, ...inner.before],
    after: [...inner.after, ...outer.after],
    ...(missing !== undefined && { missing }),
  };
}

function template(
  { single = [], special_tokens: special = {} }: PostProcessorConfig,
  idOf: (token: string) => number | undefined,
): AddedIds {
  const sides: { before: number[]; after: number[] } = { before: [], after: [] };
  let side = sides.before;
  let missing: string | undefined;
  for (const part of single) {
    if (part.Sequence) {
      if (part.Sequence.id !== "A" || side === sides.after)
        throw new Error("its post_processor has a template that is not around one text");
      side = sides.after;
    } else if (part.SpecialToken) {
      const { id: token } = part.SpecialToken;
      const id = idOf(token);
      const ids = Object.hasOwn(special, token) ? special[token]!.ids : id === undefined ? [] : [id];
      if (ids.length === 0) missing ??= token;
      side.push(...ids);
    }
  }
  if (side === sides.before) throw new Error("its post_processor has a template without the text");
  return { ...sides, ...(missing !== undefined && { missing }) };
}
