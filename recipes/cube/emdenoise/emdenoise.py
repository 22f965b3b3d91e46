"""Denoising of electron-microscopy images: ``download`` gets pairs of images, ``train`` fits a network.

``raw_data/train`` and ``raw_data/test`` hold ``noisy.npy`` and ``clean.npy``: [N, H, W] float32 in 0..1.
Quality is the peak signal-to-noise ratio in dB (higher is better), on the test images, before and after.
"""

import argparse
import hashlib
import json
import logging
import math
import os
import urllib.request
import zipfile

import numpy
import yaml


def start_log(directory: str, task: str) -> None:
    os.makedirs(directory, exist_ok=True)
    form = "%(asctime)s %(levelname)s %(message)s"
    path = os.path.join(directory, f"emdenoise_{task}.log")
    logging.basicConfig(level=logging.INFO, format=form, handlers=[logging.FileHandler(path), logging.StreamHandler()])


def read(path: str) -> dict:
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def lattice(count: int, size: int, source) -> "numpy.ndarray":
    """Images of atomic columns: a hexagonal lattice of random spacing, angle and phase; [count, size, size]."""
    y, x = numpy.mgrid[0:size, 0:size]
    images = []
    for _ in range(count):
        spacing, angle = source.uniform(6, 12), source.uniform(0, math.pi)
        phases = source.uniform(0, 2 * math.pi, 3)
        waves = [
            numpy.cos(
                2 * math.pi / spacing * (x * math.cos(angle + k * math.pi / 3) + y * math.sin(angle + k * math.pi / 3))
                + p
            )
            for k, p in enumerate(phases)
        ]
        image = sum(waves)
        images.append((image - image.min()) / (image.max() - image.min()))
    return numpy.stack(images).astype("float32")


def make(parameters: dict, directory: str) -> None:
    source = numpy.random.default_rng(parameters["seed"])
    for part, count in (("train", parameters["images"]), ("test", max(4, parameters["images"] // 4))):
        clean = lattice(count, parameters["size"], source)
        noisy = clean + source.normal(0, parameters["noise"], clean.shape).astype("float32")
        os.makedirs(os.path.join(directory, part), exist_ok=True)
        numpy.save(os.path.join(directory, part, "clean.npy"), clean)
        numpy.save(os.path.join(directory, part, "noisy.npy"), noisy.astype("float32"))


def download(parameters_file: str, raw_data_dir: str, log_dir: str) -> None:
    start_log(log_dir, "download")
    parameters = read(parameters_file)
    if not parameters.get("url"):
        make(parameters, raw_data_dir)
        logging.info("made %d pairs of images", parameters["images"])
        return
    archive = os.path.join(raw_data_dir, "data.zip")
    urllib.request.urlretrieve(parameters["url"], archive)
    with open(archive, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    if found != parameters["sha256"]:
        raise SystemExit(f"{parameters['url']} has sha256 {found}, expected {parameters['sha256']}")
    with zipfile.ZipFile(archive) as file:
        for part in ("train", "test"):
            for name in ("noisy.npy", "clean.npy"):
                file.extract(f"{part}/{name}", raw_data_dir)
    logging.info("unpacked %s", parameters["url"])


def network(filters: int):
    """A residual network: it estimates the noise, which is subtracted. [N, 1, H, W] -> [N, 1, H, W]."""
    import torch

    class Denoiser(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers = [torch.nn.Conv2d(1, filters, 3, padding=1), torch.nn.ReLU()]
            for _ in range(4):
                layers += [
                    torch.nn.Conv2d(filters, filters, 3, padding=1),
                    torch.nn.BatchNorm2d(filters),
                    torch.nn.ReLU(),
                ]
            self.noise = torch.nn.Sequential(*layers, torch.nn.Conv2d(filters, 1, 3, padding=1))

        def forward(self, image):
            return image - self.noise(image)

    return Denoiser()


def pairs(directory: str, part: str):
    import torch

    arrays = (numpy.load(os.path.join(directory, part, f"{name}.npy")) for name in ("noisy", "clean"))
    return [torch.from_numpy(array)[:, None] for array in arrays]


def psnr(image, clean) -> float:
    """Peak signal-to-noise ratio in dB for images in 0..1."""
    return -10 * math.log10(float(((image - clean) ** 2).mean()))


def train(raw_data_dir: str, parameters_file: str, model_dir: str, log_dir: str) -> None:
    import torch

    start_log(log_dir, "train")
    parameters = read(parameters_file)
    torch.manual_seed(parameters["seed"])
    noisy, clean = pairs(raw_data_dir, "train")
    model = network(parameters["filters"])
    optimizer = torch.optim.Adam(model.parameters(), lr=parameters["learning_rate"])
    for epoch in range(parameters["epochs"]):
        model.train()
        for batch in torch.randperm(len(noisy)).split(parameters["batch_size"]):
            loss = torch.nn.functional.mse_loss(model(noisy[batch]), clean[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        logging.info("epoch %d: loss %.5f", epoch + 1, float(loss.detach()))
    model.eval()
    noisy, clean = pairs(raw_data_dir, "test")
    with torch.no_grad():
        result = {"psnr_noisy_db": psnr(noisy, clean), "psnr_denoised_db": psnr(model(noisy), clean)}
    logging.info("PSNR %.2f dB -> %.2f dB", result["psnr_noisy_db"], result["psnr_denoised_db"])
    torch.save(model.state_dict(), os.path.join(model_dir, "weights.pt"))
    with open(os.path.join(model_dir, "metrics.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    for task, names in (
        ("download", ("parameters_file", "raw_data_dir", "log_dir")),
        ("train", ("raw_data_dir", "parameters_file", "model_dir", "log_dir")),
    ):
        one = tasks.add_parser(task)
        for name in names:
            one.add_argument(f"--{name}", required=True)
    words = vars(parser.parse_args())
    {"download": download, "train": train}[words.pop("task")](**words)


if __name__ == "__main__":
    main()
