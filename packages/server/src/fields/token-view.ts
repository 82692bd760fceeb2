// How replies show tokens: by their text or, where a client must tell tokens of one text apart, by their ids.
import { z } from "zod";

export const tokenViewFields = {
  return_tokens_as_token_ids: z
    .boolean()
    .meta({ description: "Tokens in logprobs are spelled `token_id:7`." })
    .optional(),
  return_token_ids: z
    .boolean()
    .meta({ description: "Adds `token_ids` of each choice and `prompt_token_ids`." })
    .optional(),
};

type TokenViewBody = z.output<z.ZodObject<typeof tokenViewFields>>;

/** A token to be shown. */
export interface SpelledToken {
  readonly tokenId: number;
  readonly token: string;
  /** Where `token` cannot say them. */
  readonly bytes?: Uint8Array;
}

export interface TokenView {
  readonly returnTokenIds: boolean;
  spell(token: SpelledToken): string;
  /** The UTF-8 bytes of what `spell` gives; of a part of a character its own. */
  bytesOf(token: SpelledToken): number[];
}

const BY_TEXT: Pick<TokenView, "spell" | "bytesOf"> = {
  spell: ({ token }) => token,
  bytesOf: ({ token, bytes }) => [...(bytes ?? Buffer.from(token))],
};

const BY_ID: typeof BY_TEXT = {
  spell: ({ tokenId }) => `token_id:${tokenId}`,
  bytesOf: (token) => [...Buffer.from(BY_ID.spell(token))],
};

export function toTokenView({ return_tokens_as_token_ids: asIds, return_token_ids: ids }: TokenViewBody): TokenView {
  return { ...(asIds ? BY_ID : BY_TEXT), returnTokenIds: ids ?? false };
}
