"""Trains the two-task network on drawn hands, or on the real 'Fingers' data set with --data.

    python train.py --out ../best.pt
    python train.py --out ../best.pt --data DIR      # DIR/train and DIR/test hold <uuid>_<count><L|R>.png
"""

import argparse
from pathlib import Path

import torch
from torch.nn import functional
from tqdm import tqdm

from augment import augment
from dataset import drawn, read_folder
from evaluate import probabilities
from network import MTLNet


def parse_options():
    parser = argparse.ArgumentParser(description="Train the fingers network.")
    parser.add_argument("--data", type=Path, help="folder with train/ and test/ of the real data set (default: draw)")
    parser.add_argument("--samples", type=int, default=14000, help="drawn training pictures (default %(default)s)")
    parser.add_argument("--validation", type=int, default=1200, help="drawn validation pictures (default %(default)s)")
    parser.add_argument("--cache", type=Path, help="folder that keeps the drawn pictures for the next run")
    parser.add_argument("--epochs", type=int, default=9, help="passes over the pictures (default %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="pictures per step (default %(default)s)")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the training set; validation has the next (default 1)")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0: PyTorch decides (default)")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16, faster where supported")
    parser.add_argument("--out", type=Path, default=Path("best.pt"), help="best epoch's weights (default %(default)s)")
    return parser.parse_args()


def load(options):
    """Training and validation pictures with their labels, as tensors."""
    if options.data:
        sets = [read_folder(options.data / part)[:3] for part in ("train", "test")]
    else:
        wanted = [(options.seed, options.samples), (options.seed + 1, options.validation)]
        sets = [drawn(seed, number, options.cache) for seed, number in wanted]
    return [tuple(torch.as_tensor(array) for array in arrays) for arrays in sets]


def validate(model, pictures, counts, lefts):
    """Share right of hand, count and both at once, and the log loss of the two tasks together."""
    hand, count = probabilities(model, pictures)
    hand_right, count_right = hand.argmax(1) == lefts, count.argmax(1) == counts
    loss = functional.nll_loss(hand.clamp(min=1e-12).log(), lefts) + functional.nll_loss(
        count.clamp(min=1e-12).log(), counts
    )
    shares = [right.float().mean().item() for right in (hand_right, count_right, hand_right & count_right)]
    return *shares, loss.item()


def save(model, path):
    """A bare state dict of row-major tensors on the CPU, whatever device and memory layout they were trained in."""
    state = model.state_dict()
    for key, value in state.items():
        state[key] = value.cpu().clone(memory_format=torch.contiguous_format)
    torch.save(state, path)


def train_epoch(model, optimizer, schedule, pictures, counts, lefts, options, device, epoch):
    model.train()
    order = torch.randperm(len(pictures))
    progress = tqdm(order.split(options.batch), desc=f"epoch {epoch}", unit="batch")
    average = None
    for chosen in progress:
        images, hands = augment(pictures[chosen].to(device), lefts[chosen].to(device))
        # The published code feeds its probabilities to a loss that takes the softmax once more, which never rewards
        # full confidence with a loss near zero. The log loss on the scores does; the network stays the same.
        with torch.autocast(device, torch.bfloat16, enabled=options.bf16):
            hand, count = model.logits(images)
        loss = functional.cross_entropy(hand.float(), hands)
        loss = loss + functional.cross_entropy(count.float(), counts[chosen].to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
        progress.set_postfix(loss=f"{average:.3f}")


def main():
    options = parse_options()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    training, validation = load(options)
    model = MTLNet().to(device=device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=options.rate, weight_decay=1e-3)
    steps = options.epochs * -(-len(training[0]) // options.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.rate, total_steps=steps, pct_start=0.15)

    best = (0.0, 0.0)
    for epoch in range(1, options.epochs + 1):
        train_epoch(model, optimizer, schedule, *training, options, device, epoch)
        hand, count, both, loss = validate(model, *validation)
        improved = (both, -loss) > best
        if improved:
            best = (both, -loss)
            save(model, options.out)
        print(
            f"epoch {epoch}: hand {100 * hand:.2f} %, count {100 * count:.2f} %, both {100 * both:.2f} %, "
            f"log loss {loss:.4f}{', saved' if improved else ''}"
        )


if __name__ == "__main__":
    main()
