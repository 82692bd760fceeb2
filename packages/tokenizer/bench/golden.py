"""Ids of a corpus by Hugging Face's tokenizers (Rust): python golden.py CORPUS.json FOLDER/NAME..., each writes golden.json beside its tokenizer.json.

First takes characters out of the corpus, in place, that Python's Unicode lacks, or that the Rust library's normalization does not know as
Python's does: Node.js has a newer Unicode than either, to which a new letter is no symbol and a new accent is no letter.
"""

import json
import sys
import unicodedata
from functools import cache

import tokenizers

nfc = tokenizers.normalizers.NFC()


@cache
def is_known(char: str) -> bool:
    if unicodedata.category(char) == "Cn":
        return False
    parts = unicodedata.normalize("NFD", char)
    # Accents of the lowest and nearly the highest class, which change places with any other that is known.
    tries = [char, parts, f"a{char}\u0334", f"a\u0345{char}"]
    return all(nfc.normalize_str(text) == unicodedata.normalize("NFC", text) for text in tries)


texts = json.load(open(sys.argv[1], encoding="utf-8"))
cleaned = ["".join(filter(is_known, text)) for text in texts]
removed = sum(map(len, texts)) - sum(map(len, cleaned))
print(f"{len(cleaned)} texts, {sum(len(text.encode()) for text in cleaned)} bytes; {removed} characters newer than Unicode {unicodedata.unidata_version}, or than Rust's, are out")
json.dump(cleaned, open(sys.argv[1], "w", encoding="utf-8"))
for folder in sys.argv[2:]:
    tokenizer = tokenizers.Tokenizer.from_file(f"{folder}/tokenizer.json")
    ids = [encoding.ids for encoding in tokenizer.encode_batch(cleaned, add_special_tokens=False)]
    decoded = tokenizer.decode_batch(ids, skip_special_tokens=False)
    with open(f"{folder}/golden.json", "w", encoding="utf-8") as file:
        json.dump({"version": tokenizers.__version__, "ids": ids, "decoded": decoded}, file)
    print(folder, sum(map(len, ids)), "tokens")
