// Texts of mixed lengths, as collections have them: mostly a few sentences, some titles, some pages.

const WORDS =
  "the keeper of a small lighthouse writes weather ships and birds into his large book which goes to capital once every year but nobody knows whether anybody there has ever read it through winter storms spray reaches windows".split(
    " ",
  );
const SPREAD = 3;
const MOST_WORDS = 180;

/** Always the same. Of 3 to 180 words, half of them below 25. */
export function mixedTexts(count: number): string[] {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => {
    const words = 3 + Math.floor((MOST_WORDS - 3) * random() ** SPREAD);
    return Array.from({ length: words }, () => WORDS[Math.floor(random() * WORDS.length)]!).join(" ");
  });
}
