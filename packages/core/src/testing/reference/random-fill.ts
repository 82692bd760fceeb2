// Uniform random values, as random-fill.ts defines them.
import { philox4x32 } from "../../philox.js";
import { type RandomValues, randomFill } from "../../random-fill.js";
import { elementCount, type Tensor } from "../../tensor.js";
import { store } from "../elements.js";

const PIECE = 1024;

export function fillRandom(target: Tensor, values: RandomValues): void {
  const { seed, low, span } = randomFill(target, values);
  const count = elementCount(target.shape);
  const words = new Uint32Array(4);
  const piece = new Float64Array(PIECE);
  for (let first = 0; first < count; first += PIECE) {
    for (let i = 0; i < PIECE; i++) {
      if (i % 4 === 0) {
        const group = (first + i) / 4;
        philox4x32(words, group % 2 ** 32, 0, Math.floor(group / 2 ** 32), 0, seed, 0);
      }
      const unit = (words[i % 4]! >>> 8) * 2 ** -24;
      piece[i] = Math.fround(low + Math.fround(span * unit));
    }
    store(target, first, piece, Math.min(PIECE, count - first));
  }
}
