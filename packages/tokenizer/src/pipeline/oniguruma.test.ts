import { expect, test } from "vitest";
import { translateLiteral, translateOniguruma } from "./oniguruma.js";

const matches = (source: string, text: string): string[] =>
  text.match(new RegExp(translateOniguruma(source), "vg")) ?? [];

test.each<[string, string, string[]]>([
  ["(?i:'s|'LL)", "'S 'ſ 'll 'Ll 's", ["'S", "'ſ", "'ll", "'Ll", "'s"]],
  ["(?i:'[sdmt])x", "'Sx 'sX 'tx", ["'Sx", "'tx"]],
  ["a(?i:b)c", "abc aBc aBC ABc", ["abc", "aBc"]],
  ["\\s+(?!\\S)|\\s+", "a  b \u0085\ufeff", [" ", " ", " ", "\u0085"]],
  ["\\p{Han}+", "ab漢字c", ["漢字"]],
  ["[\\p{L}&&[^\\p{Han}b]]+", "ab漢字cd", ["a", "cd"]],
  ["[^a[b]c]+", "abcd]", ["d]"]],
  ["[-+*/.\\]^]+", "a-+*/.]^b", ["-+*/.]^"]],
  ["[a\\-z]+", "a-zb", ["a-z"]],
  ["a++b|a", "aab aac", ["aab", "a", "a"]],
  ["(?:a++a|x)y?", "aaa x", ["x"]],
  ["(?>a|ab)c", "abc ac", ["ac"]],
  ["a{2}+", "aaaaa", ["aaaa"]],
  ["a{,2}b", "aaab", ["aab"]],
  [".+", "ab\ncd", ["ab", "cd"]],
  ["^b|d$", "ab\nb d\n", ["b", "d"]],
  ["\\x41\\u0042\\x{1F600}\\.", "AB😀.", ["AB😀."]],
  ["\\w+", "x²y½ ", ["x²y½"]],
  ["[\\w]+", "x²y½ ", ["x", "y"]],
  ["\\bis\\b", "this is\tis,is_", ["is", "is"]],
  ["\\B\\w", "ab é1", ["b", "1"]],
  ["[[:alpha:]_]+|[[:^alpha:]&&[:punct:]]", "aé_1 !", ["aé_", "!"]],
  ["(?<word>\\h+)-", "af09-g-", ["af09-"]],
  ["(?i)a|B", "A b", ["A", "b"]],
  ["\\Aa|b\\Z|b\\z", "aba\nab\n", ["a", "b"]],
  ["\\d+|\\w+", "१2 a_é-", ["१2", "a_é"]],
])("%s", (source, text, expected) => {
  expect(matches(source, text)).toEqual(expected);
});

test.each([
  "(a",
  "a)",
  "[a",
  "*a",
  "(a)\\1",
  "[[:magic:]]",
  "(?i:[[:alpha:]])",
  "a(?i)b",
  "(?<name>a)\\k<name>",
  "[]a]",
  "[z-a]",
  "[a-\\d]",
  "(?i:\\p{Lu})",
  "(?i:[a-z])",
  "(?i:é)",
  "\\p{Nonsense}",
  "a\\",
  "\\K",
])("%s is refused", (source) => {
  expect(() => translateOniguruma(source)).toThrow(/^the regular expression|^the case/);
});

test("a literal matches itself only", () => {
  const odd = "a.b*c-d[e]\\/|{}()^$?+&&~ 😀\n";
  expect(odd.match(new RegExp(translateLiteral(odd), "v"))?.[0]).toBe(odd);
});
