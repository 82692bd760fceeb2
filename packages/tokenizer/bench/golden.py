"""Ids of a corpus by Hugging Face's tokenizers (Rust): python golden.py CORPUS.json FOLDER/NAME..., each writes golden.json beside its tokenizer.json.

Null for texts with characters that Python's Unicode lacks, or that Python brings to another NFC: Node.js has a newer Unicode than the
Rust library, to which a new letter is no letter, and whose normalization knows Unicode 9 or so.
"""

import json
import sys
import unicodedata

import tokenizers

texts = json.load(open(sys.argv[1], encoding="utf-8"))
nfc = tokenizers.normalizers.NFC()


def is_known_to_all(text: str) -> bool:
    is_assigned = all(unicodedata.category(char) != "Cn" for char in text)
    return is_assigned and nfc.normalize_str(text) == unicodedata.normalize("NFC", text)


known = [is_known_to_all(text) for text in texts]
print(f"{known.count(False)} of {len(texts)} texts have characters newer than the Unicode of Python ({unicodedata.unidata_version}) or Rust")
for folder in sys.argv[2:]:
    tokenizer = tokenizers.Tokenizer.from_file(f"{folder}/tokenizer.json")
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    ids = [encoding.ids if is_known else None for encoding, is_known in zip(encodings, known)]
    decoded = [one and tokenizer.decode(one, skip_special_tokens=False) for one in ids]
    with open(f"{folder}/golden.json", "w", encoding="utf-8") as file:
        json.dump({"version": tokenizers.__version__, "ids": ids, "decoded": decoded}, file)
    print(folder, sum(len(one) for one in ids if one), "tokens")
