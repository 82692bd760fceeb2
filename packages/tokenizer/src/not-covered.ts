// What the own encoder throws at itself: the general library takes such a tokenizer.

/** Something in tokenizer.json that the own BPE encoder does not do exactly as Hugging Face's tokenizers. */
export class NotCovered extends Error {}
