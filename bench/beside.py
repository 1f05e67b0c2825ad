"""Beside: a rival trains the bench's rows in an environment of its own, since none goes with the libraries of ours.

    RIVALS_PYTHON bench/beside.py JOB.json          as bench.speed calls it; the last line says how fast it was

Nothing of the studio can be imported here. Each is set up as its own documentation says, with the rows, rank, rate and
rows a step of the others. LLaMA-Factory was tried on a processor; Unsloth and Axolotl want a GPU and have never run.
"""

import importlib.metadata
import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
TOLD = ("torch", "transformers", "trl", "peft", "bitsandbytes")
CONVERSATIONS = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}


def main(path: Path) -> None:
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", DO_NOT_TRACK="1", WANDB_DISABLED="true")
    job = json.loads(path.read_text())
    way = {"llamafactory": llamafactory, "unsloth": unsloth, "axolotl": axolotl}[job["rival"]]
    if job["rival"] == "unsloth":
        importlib.import_module("unsloth")  # before what it patches
    marks = watched()
    way(job, path.parent)
    first, last = marks.at[job["warm"] - 1], marks.at[-1]
    tokens = last[2] - first[2]
    names = (job["rival"], *TOLD)
    print(
        json.dumps(
            {
                "wall": round(tokens / (last[0] - first[0]), 1),
                "processor": round(tokens / (last[1] - first[1]), 1),
                "loss": round(statistics.mean(marks.losses), 4),
                "peak": peak_memory(),
                "steps": len(marks.at),
                "versions": {name: importlib.metadata.version(name) for name in names if is_there(name)},
            }
        )
    )


def watched() -> Any:
    """Whatever trainer a rival makes, it is timed: clock, processor and real tokens at the end of each step."""
    import torch
    from transformers import Trainer, TrainerCallback

    class Marks(TrainerCallback):
        def __init__(self) -> None:
            self.at: list[tuple[float, float, int]] = []
            self.losses: list[float] = []

        def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.at.append((time.perf_counter(), time.process_time(), int(state.num_input_tokens_seen)))

        def on_log(self, _args: Any, _state: Any, _control: Any, logs: dict[str, Any], **_: Any) -> None:
            if "loss" in logs:
                self.losses.append(float(logs["loss"]))

    marks, train = Marks(), Trainer.train

    def timed(trainer: Any, *given: Any, **named: Any) -> Any:
        trainer.args.include_num_input_tokens_seen = "non_padding"
        trainer.add_callback(marks)
        return train(trainer, *given, **named)

    Trainer.train = timed  # type: ignore[method-assign]
    return marks


def llamafactory(job: dict[str, Any], folder: Path) -> None:
    """Its command line's own function, with the model's own chat template."""
    from llamafactory.train.tuner import run_exp  # type: ignore[import-not-found]

    written_for_conversations(job, folder)
    about = {"file_name": "rows.json", "formatting": "sharegpt", "columns": {"messages": "messages"}}
    (folder / "dataset_info.json").write_text(json.dumps({"rows": about | {"tags": CONVERSATIONS}}))
    recomputing = {"disable_gradient_checkpointing": True} if job["keeps"] else {}
    run_exp(
        {
            "stage": "sft",
            "do_train": True,
            "model_name_or_path": job["model"],
            "finetuning_type": "lora",
            "lora_rank": job["rank"],
            "lora_alpha": job["rank"],
            "lora_dropout": 0.0,
            "lora_target": "all",
            "quantization_bit": 4,
            "quantization_method": "bnb",
            "dataset": "rows",
            "dataset_dir": str(folder),
            "cutoff_len": job["longest"],
            "overwrite_cache": True,
            "per_device_train_batch_size": job["step"],
            "gradient_accumulation_steps": 1,
            "learning_rate": job["rate"],
            "num_train_epochs": 1.0,
            "lr_scheduler_type": "constant",
            "warmup_steps": 0,
            "bf16": True,
            "logging_steps": 1,
            "save_strategy": "no",
            "report_to": "none",
            "output_dir": str(folder / "out"),
            "seed": job["seed"],
            "disable_tqdm": True,
            **({"use_cpu": True} if job["on_cpu"] else {}),
            **recomputing,
        }
    )


def unsloth(job: dict[str, Any], folder: Path) -> None:
    """Its model, adapter and recomputing under TRL's SFTTrainer, packed."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer
    from unsloth import FastLanguageModel  # type: ignore[import-not-found]

    model, tokenizer = FastLanguageModel.from_pretrained(
        model_name=job["model"], max_seq_length=job["longest"], load_in_4bit=True, local_files_only=True
    )
    model = FastLanguageModel.get_peft_model(
        model,
        r=job["rank"],
        lora_alpha=job["rank"],
        lora_dropout=0.0,
        bias="none",
        target_modules=LINEAR,
        use_gradient_checkpointing=False if job["keeps"] else "unsloth",
    )
    texts = [tokenizer.apply_chat_template(messages, tokenize=False) for messages in job["rows"]]
    arguments = SFTConfig(
        output_dir=str(folder / "out"),
        dataset_text_field="text",
        max_length=job["longest"],
        packing=True,
        per_device_train_batch_size=job["parts"],
        num_train_epochs=1,
        learning_rate=job["rate"],
        lr_scheduler_type="constant",
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        seed=job["seed"],
    )
    SFTTrainer(model=model, args=arguments, train_dataset=Dataset.from_dict({"text": texts})).train()


def axolotl(job: dict[str, Any], folder: Path) -> None:
    """What its command `axolotl train` does with a file of settings, packed."""
    from axolotl.cli.config import load_cfg  # type: ignore[import-not-found]
    from axolotl.common.datasets import load_datasets  # type: ignore[import-not-found]
    from axolotl.train import train  # type: ignore[import-not-found]

    written_for_conversations(job, folder)
    settings = {
        "base_model": job["model"],
        "load_in_4bit": True,
        "adapter": "qlora",
        "lora_r": job["rank"],
        "lora_alpha": job["rank"],
        "lora_dropout": 0.0,
        "lora_target_linear": True,
        "chat_template": "tokenizer_default",
        "datasets": [{"path": str(folder / "rows.json"), "type": "chat_template"}],
        "sequence_len": job["longest"],
        "sample_packing": True,
        "micro_batch_size": job["parts"],
        "gradient_accumulation_steps": 1,
        "num_epochs": 1,
        "learning_rate": job["rate"],
        "lr_scheduler": "constant",
        "optimizer": "adamw_torch_fused",
        "bf16": True,
        "gradient_checkpointing": not job["keeps"],
        "logging_steps": 1,
        "save_strategy": "no",
        "output_dir": str(folder / "out"),
        "seed": job["seed"],
    }
    file = folder / "settings.yaml"
    file.write_text(json.dumps(settings))  # JSON is YAML
    settled = load_cfg(str(file))
    train(cfg=settled, dataset_meta=load_datasets(cfg=settled))


def written_for_conversations(job: dict[str, Any], folder: Path) -> None:
    (folder / "rows.json").write_text(json.dumps([{"messages": messages} for messages in job["rows"]]))


def peak_memory() -> int:
    """The most bytes that this process held, on a GPU where there is one."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def is_there(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
