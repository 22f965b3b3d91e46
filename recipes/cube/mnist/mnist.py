"""MNIST in two tasks: ``download`` fetches and checks the digits, ``train`` fits and tests a classifier.

The data file is one npz with ``x_train`` [N, 28, 28] uint8, ``y_train`` [N] uint8 and the same for ``test``.
"""

import argparse
import hashlib
import json
import logging
import os
import urllib.request

import yaml

DATA_FILE = "mnist.npz"


def start_log(directory: str, task: str) -> None:
    """Log to a file of the task's name and to the terminal."""
    os.makedirs(directory, exist_ok=True)
    path = os.path.join(directory, f"mlcube_mnist_{task}.log")
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for handler in (logging.FileHandler(path), logging.StreamHandler()):
        handler.setFormatter(form)
        root.addHandler(handler)


def digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def download(data_config: str, data_dir: str, log_dir: str) -> None:
    """Fetch the file of ``data_config`` (keys ``uri`` and ``hash``, sha256) unless it is there already."""
    start_log(log_dir, "download")
    with open(data_config, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    os.makedirs(data_dir, exist_ok=True)
    target = os.path.join(data_dir, DATA_FILE)
    if os.path.exists(target) and digest(target) == config["hash"]:
        logging.info("%s is there and has the right digest", target)
        return
    logging.info("fetching %s", config["uri"])
    temporary = target + ".part"
    urllib.request.urlretrieve(config["uri"], temporary)
    found = digest(temporary)
    if found != config["hash"]:
        os.unlink(temporary)
        raise SystemExit(f"{config['uri']} has sha256 {found}, expected {config['hash']}")
    os.replace(temporary, target)
    logging.info("wrote %s", target)


def load(data_dir: str):
    """The four arrays as tensors: images [N, 784] float32 in 0..1, labels [N] int64."""
    import numpy
    import torch

    with numpy.load(os.path.join(data_dir, DATA_FILE)) as arrays:
        return [
            torch.from_numpy(arrays[f"x_{part}"].reshape(len(arrays[f"x_{part}"]), -1).astype("float32") / 255.0)
            if kind == "x"
            else torch.from_numpy(arrays[f"y_{part}"].astype("int64"))
            for part in ("train", "test")
            for kind in ("x", "y")
        ]


def optimizer_of(name: str, parameters):
    import torch

    known = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}
    if name.lower() not in known:
        raise SystemExit(f"optimizer must be one of {', '.join(known)}, not {name!r}")
    return known[name.lower()](parameters, lr=0.05 if name.lower() == "sgd" else 0.001)


def train(train_config: str, data_dir: str, model_dir: str, log_dir: str) -> None:
    """Fit as ``train_config`` says (``optimizer``, ``train_epochs``, ``batch_size``) and keep the model."""
    import torch

    start_log(log_dir, "train")
    with open(train_config, encoding="utf-8") as file:
        config = yaml.safe_load(file)
    torch.manual_seed(0)
    x_train, y_train, x_test, y_test = load(data_dir)
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(128, 10)
    )
    optimizer = optimizer_of(config.get("optimizer", "adam"), model.parameters())
    size = int(config.get("batch_size", 32))
    for epoch in range(int(config.get("train_epochs", 5))):
        model.train()
        total = 0.0
        for batch in torch.randperm(len(x_train)).split(size):
            loss = torch.nn.functional.cross_entropy(model(x_train[batch]), y_train[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(batch)
        logging.info("epoch %d: loss %.4f", epoch + 1, total / len(x_train))
    model.eval()
    with torch.no_grad():
        accuracy = float((model(x_test).argmax(1) == y_test).float().mean())
    logging.info("test accuracy %.4f", accuracy)
    save(model, {**config, "test_accuracy": accuracy}, os.path.join(model_dir, "mnist_model"))


def save(model, record: dict, directory: str) -> None:
    import torch

    os.makedirs(directory, exist_ok=True)
    torch.save(model.state_dict(), os.path.join(directory, "weights.pt"))
    with open(os.path.join(directory, "metrics.json"), "w", encoding="utf-8") as file:
        json.dump(record, file, indent=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    first = tasks.add_parser("download")
    second = tasks.add_parser("train")
    for task, names in (
        (first, ("data_config", "data_dir", "log_dir")),
        (second, ("train_config", "data_dir", "model_dir", "log_dir")),
    ):
        for name in names:
            task.add_argument(f"--{name}", required=True)
    words = vars(parser.parse_args())
    {"download": download, "train": train}[words.pop("task")](**words)


if __name__ == "__main__":
    main()
