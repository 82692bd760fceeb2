// The body of a chat request.
import type { Conversation } from "../chat/conversation.js";

/** Alternatives shown for each token. */
const TOP_LOGPROBS = 5;

export interface RequestOptions {
  /** Empty: the server's first. */
  readonly model: string;
  readonly logprobs: boolean;
}

/** Usage on every chunk tells the tokens of an answer that was stopped too. */
export function chatRequest({ systemPrompt, messages, sampling }: Conversation, { model, logprobs }: RequestOptions) {
  const system = systemPrompt.trim() ? [{ role: "system", content: systemPrompt }] : [];
  return {
    ...(model && { model }),
    messages: [...system, ...messages.map(({ role, text }) => ({ role, content: text }))],
    ...sampling,
    ...(logprobs && { logprobs: true, top_logprobs: TOP_LOGPROBS }),
    stream: true,
    stream_options: { include_usage: true, continuous_usage_stats: true },
  };
}

/** Costs one token, and tells whether the server gives probabilities. */
export function logprobsProbe(model: string) {
  const messages = [{ role: "user", content: "Hi" }];
  return { ...(model && { model }), messages, max_tokens: 1, logprobs: true, top_logprobs: 1 };
}
