"""Ids of a corpus by Hugging Face's tokenizers (Rust): python golden.py CORPUS.json FOLDER/NAME..., each writes golden.json beside its tokenizer.json.

Null for texts with characters that Python's Unicode lacks: Node.js may have a newer Unicode than the Rust library, to which a new letter
is no letter.
"""

import json
import sys
import unicodedata

import tokenizers

texts = json.load(open(sys.argv[1], encoding="utf-8"))
known = [all(unicodedata.category(char) != "Cn" for char in text) for text in texts]
print(f"{known.count(False)} of {len(texts)} texts have characters newer than Unicode {unicodedata.unidata_version}")
for folder in sys.argv[2:]:
    tokenizer = tokenizers.Tokenizer.from_file(f"{folder}/tokenizer.json")
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    ids = [encoding.ids if is_known else None for encoding, is_known in zip(encodings, known)]
    decoded = [one and tokenizer.decode(one, skip_special_tokens=False) for one in ids]
    with open(f"{folder}/golden.json", "w", encoding="utf-8") as file:
        json.dump({"version": tokenizers.__version__, "ids": ids, "decoded": decoded}, file)
    print(folder, sum(len(one) for one in ids if one), "tokens")
