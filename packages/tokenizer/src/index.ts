/** Tokenizer, incremental detokenizer and chat templates. @module @octavo/tokenizer */
export type { ChatMessage, ChatOptions, ContentPart } from "./chat-messages.js";
export { checkChatTemplate } from "./chat-template.js";
export { Detokenizer, type DetokenizerOptions } from "./detokenizer.js";
export { StopMatcher } from "./stop-matcher.js";
export type { TextStream } from "./text-stream.js";
export { type DecodeOptions, type EncodeOptions, Tokenizer } from "./tokenizer.js";
export { hasTokenizerFile, TOKENIZER_FILES } from "./tokenizer-files.js";
