"""One process of cold.mjs with Hugging Face's tokenizers (Rust): python encode-once.py FOLDER/NAME MEGABYTES [TEXT FILE]. Prints figures as JSON."""

import json
import subprocess
import sys
import time
from pathlib import Path

import tokenizers

folder, megabytes, file = (sys.argv[1:] + [""])[:3]
script = "const { englishText } = await import(process.argv[1]); process.stdout.write(englishText(Number(process.argv[2]) * 1e6, process.argv[3]))"
english = Path(__file__).with_name("english.mjs")
command = ["node", "--input-type=module", "-e", script, str(english), megabytes, file]
text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
size = len(text.encode()) / 1e6

start = time.process_time()
tokenizer = tokenizers.Tokenizer.from_file(f"{folder}/tokenizer.json")
load = time.process_time() - start
speeds = []
for _ in range(2):
    start = time.process_time()
    tokens = len(tokenizer.encode(text, add_special_tokens=False).ids)
    speeds.append(size / (time.process_time() - start))
print(json.dumps({"load": 1e3 * load, "first": speeds[0], "thread": speeds[0], "again": speeds[1], "tokens": tokens}))
