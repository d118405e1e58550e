"""Leaves the documents that a script produced where they are judged afterwards: `tests/run` lets the rules of
tests/it/rules and the schemas run over everything below `FEEDWRIGHT_PRODUCED`."""
import os
import pathlib
import shutil


def keep(name, output, base):
    """Copies an output folder, made for the address `base`, to the folder `name`; a snapshot of before is replaced."""
    if not (root := os.environ.get("FEEDWRIGHT_PRODUCED")):
        return
    place = pathlib.Path(root) / name
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(output, place)
    (place / "base").write_text(base)
