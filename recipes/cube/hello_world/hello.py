"""Greets whoever is named in a file; the talk is kept in another file, one line per greeting."""

import argparse
import datetime

WORDS = {"hello": "Hi, {name}! Nice to meet you.", "bye": "Bye, {name}! It was great talking to you."}


def greet(task: str, name_file: str, chat_file: str) -> None:
    """Append one line to ``chat_file``."""
    with open(name_file, encoding="utf-8") as file:
        name = file.read().strip()
    now = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")
    with open(chat_file, "a", encoding="utf-8") as file:
        file.write(f"[{now}]  {WORDS[task].format(name=name)}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(WORDS))
    parser.add_argument("--name", required=True, help="file with the name")
    parser.add_argument("--chat", required=True, help="file that the greeting is added to")
    words = parser.parse_args()
    greet(words.task, words.name, words.chat)
