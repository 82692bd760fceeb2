"""A neighbour on the GPU, for neighbours.mjs: holds a share of the memory and, if asked, multiplies matrices all the time.

    python3 neighbour.py SHARE [busy]

Says "ready" when PyTorch is imported, begins at the first line of stdin, says "held", then counts its work; ends with stdin.
"""

import select
import sys

import torch

share, busy = float(sys.argv[1]), sys.argv[2:] == ["busy"]
print("ready", flush=True)
sys.stdin.readline()
held = torch.zeros(int(share * torch.cuda.get_device_properties(0).total_memory), dtype=torch.uint8, device="cuda")
a = torch.randn(4096, 4096, device="cuda", dtype=torch.bfloat16) if busy else None
torch.cuda.synchronize()
print("held", len(held) >> 20, "MiB", flush=True)
while not select.select([sys.stdin], [], [], 0 if busy else None)[0]:
    for _ in range(500):
        a @ a
    torch.cuda.synchronize()
    print("worked", flush=True)
