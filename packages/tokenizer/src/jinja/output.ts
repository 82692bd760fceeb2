// The text that a template, a macro or a block makes.
import { checkSize } from "./limits.js";

export class Output {
  #text = "";

  add(text: string): void {
    this.#text += text;
    checkSize(this.#text.length);
  }

  get text(): string {
    return this.#text;
  }
}
