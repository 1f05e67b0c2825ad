#!/usr/bin/env bash
# Everything that wants a GPU, in under nine minutes and without a network: gpu.sh OUT [WHEELS]
# OUT gets what was measured; WHEELS is a folder of wheels for what this machine's Python lacks (it must have torch).
# Each part has a time limit of its own, so that a fault in one leaves the others alone. PYTHON names another Python.
set -uo pipefail
out=$(realpath "${1:?usage: gpu.sh OUT [WHEELS]}")
wheels=${2:+$(realpath "$2")}
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
tiny=${TINY:+--tiny}    # TINY=1 proves this script where there is no GPU
logs=$(mktemp -d)
mkdir -p "$out"
export PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false

told() { printf '%4ds  %s\n' "$SECONDS" "$*" | tee -a "$out/log.txt"; }

part() { # NAME SECONDS COMMAND …
    local name=$1 limit=$2; shift 2
    told "$name …"
    timeout --kill-after=10 "$limit" "$@" > "$logs/$name" 2>&1
    told "$name ended with $?"
    cat "$logs/$name" >> "$out/log.txt"
}

if [ "$wheels" ]; then
    site=$(mktemp -d)
    "$python" -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --upgrade --target "$site" "$wheels"/*.whl \
        > "$logs/install" 2>&1 || { told "the wheels could not be installed"; tee -a "$out/log.txt" < "$logs/install"; exit 1; }
    export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}"
fi
told "installed"

# Does anything work at all? Everything below rests on this, and it tells why where it does not.
part first 90 "$python" -X faulthandler - <<'PY'
import os
os.environ["PYTORCH_ALLOC_CONF"] = "expandable_segments:True"
import importlib.metadata as metadata
import torch
for name in ("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate", "datasets", "pyarrow", "triton"):
    print(name, metadata.version(name))
print(torch.cuda.get_device_name(0), torch.cuda.get_device_capability(0), torch.version.cuda)
print("allocated", torch.zeros(1 << 28, device="cuda").sum().item(), torch.cuda.memory_reserved())
from bitsandbytes.functional import dequantize_4bit, quantize_4bit
weights = torch.randn(4096, 4096, device="cuda", dtype=torch.bfloat16)
packed, state = quantize_4bit(weights, quant_type="nf4", compress_statistics=True)
print("4 bits", packed.numel(), (dequantize_4bit(packed, state) - weights).abs().max().item())
from trl import SFTTrainer
from trl.kernels.chunked_logprob import _use_triton
print("triton", _use_triton(torch.device("cuda")))
PY
cat "$logs/first"

# None of these tells a speed, so they may share the machine; the measurements after them have it alone.
spread=(); "$python" -c 'import xdist' 2>/dev/null && spread=(--dist loadfile -n)
[ "${QUALITY:-1}" = 1 ] && part quality 150 "$python" -m bench.training quality &
part tests 170 "$python" -m pytest tests/gpu -m gpu -q -p no:cacheprovider --durations=8 --junitxml="$out/tests.xml" -o junit_family=xunit1 "${spread[@]}" ${spread:+5} &
wait
tail -n 40 "$logs/tests"; tail -n 2 "$logs/quality" 2> /dev/null

model=qwen3-8b; [ "$tiny" ] && model=tiny
part speed "${SPEED_LIMIT:-330}" "$python" -m bench.speed --model $model --rows mixed long --out "$out/speed.jsonl" --seconds "${SPEED_SECONDS:-200}" --profile --last
tail -n 120 "$logs/speed"
left=$((${LIMIT:-540} - SECONDS))
if [ "$left" -ge 60 ]; then
    part grid "$left" "$python" -m bench.gpu grid --out "$out/grid.jsonl" --seconds "$((left - 25))" $tiny
    timeout 60 "$python" -m bench.fit "$out/grid.jsonl" > "$out/fit.txt" 2>&1
    tail -n 60 "$out/fit.txt"
fi
told "done"
