/** The folder that holds Pocket's config, weights and tokenizer. */
export declare const modelPath: string;
