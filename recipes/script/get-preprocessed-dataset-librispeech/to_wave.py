"""``python to_wave.py SOURCE NAME``: FLAC recordings below SOURCE as wave files in NAME, and ``NAME.json``.

The texts stand in files ``*.trans.txt``, one line ``ID WORDS`` for each recording ``ID.flac`` beside them.
"""

import json
import os
import sys

RATE = 16000


def main(source, name):
    """All recordings, then the manifest."""
    records = [converted(source, name, *one) for one in utterances(source)]
    if not records:
        sys.exit(f"{source}: no recordings with texts (*.trans.txt)")
    temporary = f"{name}.json.{os.getpid()}.tmp"
    with open(temporary, "w", encoding="utf-8") as out:
        json.dump(records, out, indent=1)
    os.replace(temporary, f"{name}.json")


def utterances(source):
    """(folder, recording, words) in the order of names."""
    for folder, folders, files in os.walk(source):
        folders.sort()
        for listed in sorted(one for one in files if one.endswith(".trans.txt")):
            with open(os.path.join(folder, listed), encoding="utf-8") as stream:
                for line in stream:
                    recording, _, words = line.strip().partition(" ")
                    if recording:
                        yield folder, recording, words


def converted(source, name, folder, recording, words):
    """One recording written as 16 bits at 16 kHz; its entry in the manifest."""
    import soundfile

    sound, rate = soundfile.read(os.path.join(folder, recording + ".flac"), dtype="int16")
    if rate != RATE or sound.ndim != 1:
        sys.exit(f"{recording}: {rate} Hz and {sound.ndim} channels, expected {RATE} and 1")
    target = os.path.join(name, os.path.relpath(folder, source), recording + ".wav")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    soundfile.write(target, sound, rate, subtype="PCM_16")
    seconds = len(sound) / rate
    file = {"channels": 1, "sample_rate": float(rate), "bitdepth": 16, "bitrate": 256000.0, "duration": seconds,
            "num_samples": len(sound), "encoding": "Signed Integer PCM", "silent": False,
            "fname": os.path.normpath(target), "speed": 1}  # fmt: skip
    return {
        "transcript": words.lower(),
        "files": [file],
        "original_duration": seconds,
        "original_num_samples": len(sound),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
