"""Measures the ocr program's engines beside Tesseract: character error rate, CPU time, memory.

`.venv-ocr/bin/python -m bench.ocr [--only NAME ...] [--json FILE]`. Each engine runs in a process
of its own, through the same path as `POST /scan` (decode, read, order). Whitespace is folded
before texts are compared. Tesseract is left out where it isn't installed.

Memory is measured on the running program, over HTTP: what the service and its reader hold together
(proportional, so that shared pages count once), looked at a hundred times a second.
"""

import argparse
import base64
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.measure import child, first_line, machine, pss_mb
from tests.ocr.documents import blank_png, picture_pdf

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "var" / "ocr-fixtures"
FIGURES = ROOT / "docs" / "bench" / "ocr.json"
RUNS = {
    "paddleocr-tiny": ("paddleocr", "tiny"),
    "paddleocr-small": ("paddleocr", "small"),
    "rapidocr-small": ("rapidocr", "small"),
    "tesseract": ("tesseract", "ind+eng"),
}
ROUNDS = 3
"""Times each picture is read; the least CPU time counts."""
LIMIT_S = 900
TARGETS = {"mean_cer": 0.005, "chat_cpu_s": 0.5, "a4_cpu_s": 1.5, "memory_mb": 650}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.ocr", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=sorted(RUNS), default=list(RUNS))
    parser.add_argument("--json", type=Path, default=FIGURES)
    parser.add_argument("--measure", choices=sorted(RUNS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        json.dump(measure(options.measure), sys.stdout)
        return 0
    subprocess.run(
        [sys.executable, "-m", "scripts.make_ocr_fixtures", PICTURES], check=True, cwd=ROOT
    )
    results = {}
    for name in options.only:
        if name == "tesseract" and shutil.which("tesseract") is None:
            print("tesseract is not installed (Debian: tesseract-ocr tesseract-ocr-ind); left out.")
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        results[name] = in_own_process(name)
        if name != "tesseract":
            results[name]["memory_mb"] = memory_of_the_program(*RUNS[name])
    document = {
        "machine": machine(),
        "targets": TARGETS,
        "verdicts": verdicts(results),
        "engines": results,
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(table(results))
    for verdict in document["verdicts"]:
        print(verdict)
    return 0


def in_own_process(name: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as cache:
        environment = {
            **os.environ,
            "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
            "PADDLE_PDX_CACHE_HOME": cache,
            "OMP_NUM_THREADS": "1",
            "OMP_THREAD_LIMIT": "1",
            "MALLOC_ARENA_MAX": "2",
        }
        command = [sys.executable, "-m", "bench.ocr", "--measure", name]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, timeout=LIMIT_S
        )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(name: str) -> dict[str, Any]:
    """The figures of one engine, in this process: {load_cpu_s, memory_mb, pictures}.

    Its memory is that of one process, and replaced by the program's where there is a program.
    """
    start = time.process_time()
    read = tesseract if name == "tesseract" else engine_reader(*RUNS[name])
    load_cpu_s = time.process_time() - start
    pictures = []
    truth = json.loads((PICTURES / "truth.json").read_text(encoding="utf-8"))
    for case in truth:
        rounds = [timed(read, PICTURES / case["file"]) for _ in range(ROUNDS)]
        text = rounds[0][0]
        pictures.append(
            {
                "file": case["file"],
                "group": case["group"],
                "cer": character_error_rate(case["text"], text),
                "cpu_s": round(min(cpu_s for _, cpu_s in rounds), 3),
            }
        )
    who = resource.RUSAGE_CHILDREN if name == "tesseract" else resource.RUSAGE_SELF
    return {
        "load_cpu_s": round(load_cpu_s, 2),
        "memory_mb": {"peak": round(resource.getrusage(who).ru_maxrss / 1024)},
        "pictures": pictures,
    }


def memory_of_the_program(engine: str, model: str) -> dict[str, int]:
    """MB of service and reader together: {idle, after_20_small, peak, end}.

    Read are 20 small pictures, all pictures of the benchmark, and the hostile files of the tests:
    many large pictures on a page, and 25 million pixels.
    """
    small = sorted((ROOT / "tests" / "ocr" / "fixtures").glob("small-*"))
    hostile = [picture_pdf(6_300, 6_300, pages=2, pictures=3), blank_png(5_000, 5_000)]
    variables = {"OCR_ENGINE": engine, "OCR_MODEL": model}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        with child(["-m", "ocr", "--port", "0"], log, {**variables, "TMPDIR": folder}) as process:
            address = first_line(process, log, "ocr ready on").split()[-1]
            while json.load(urlopen(f"{address}/health"))["status"] != "ready":
                time.sleep(0.05)
            with watched(process.pid) as seen:
                figures = {"idle": pss_mb([process.pid])}
                for at in range(20):
                    post(address, small[at % len(small)].read_bytes())
                figures["after_20_small"] = pss_mb([process.pid])
                for file in sorted(PICTURES.glob("*.[pj][np]g")):
                    post(address, file.read_bytes())
                figures["peak_of_the_pictures"] = max(seen)
                for content in hostile:
                    post(address, content)
                figures |= {"peak": max(seen), "end": pss_mb([process.pid])}
    return {name: round(mb) for name, mb in figures.items()}


@contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """What a process and its children hold, in MB, time after time."""
    stop, seen = threading.Event(), [0.0]

    def look() -> None:
        while not stop.wait(0.01):
            seen.append(pss_mb([pid]))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()


def post(address: str, content: bytes) -> None:
    body = json.dumps({"base64": base64.b64encode(content).decode()}).encode()
    request = Request(f"{address}/scan", data=body, headers={"Content-Type": "application/json"})
    try:
        urlopen(request, timeout=LIMIT_S).close()
    except HTTPError as refused:
        print(f"refused: {refused.read().decode()}", file=sys.stderr)


def engine_reader(engine_name: str, model: str):
    from ocr.assembly import assembled
    from ocr.engines import load
    from ocr.scan import scan_page
    from ocr.settings import Settings

    settings = Settings(engine=engine_name, model=model)
    # Libraries print while they load; standard output carries the figures.
    figures = os.dup(1)
    os.dup2(2, 1)
    engine = load(settings)
    os.dup2(figures, 1)

    def read(path: Path) -> str:
        return assembled([scan_page(path, 1, engine)], engine_name, model, 0)["text"]

    return read


def tesseract(path: Path) -> str:
    command = ["tesseract", path, "-", "-l", RUNS["tesseract"][1], "--psm", "3"]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=LIMIT_S)
    return done.stdout


def timed(read, path: Path) -> tuple[str, float]:
    before = cpu_s()
    text = read(path)
    return text, cpu_s() - before


def cpu_s() -> float:
    """CPU seconds of this process and of children that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def character_error_rate(truth: str, read: str) -> float:
    """Edits from the one to the other, for each character of the truth."""
    wanted, found = " ".join(truth.split()), " ".join(read.split())
    return round(distance(wanted, found) / max(1, len(wanted)), 5)


def distance(one: str, other: str) -> int:
    """Levenshtein's distance, looking only near the diagonal, ever farther until it is certain."""
    band = 16
    while True:
        found = _within(one, other, band)
        if found <= band or band >= max(len(one), len(other)):
            return found
        band *= 2


def _within(one: str, other: str, band: int) -> int:
    far = len(one) + len(other)
    before = {at: at for at in range(min(len(other), band) + 1)}
    for row, letter in enumerate(one, start=1):
        now: dict[int, int] = {}
        for at in range(max(0, row - band), min(len(other), row + band) + 1):
            best = before.get(at, far) + 1
            if at:
                best = min(best, now.get(at - 1, far) + 1)
                best = min(best, before.get(at - 1, far) + (letter != other[at - 1]))
            now[at] = best
        before = now
    return before.get(len(other), far)


def table(results: dict[str, dict[str, Any]]) -> str:
    """One row a group of pictures: error rate in percent and CPU seconds of each engine."""
    names = list(results)
    rows = [["pictures", *(f"{name} CER % / CPU s" for name in names)]]
    for group in groups(results):
        found = [
            (group_mean(results[name], group, "cer"), group_mean(results[name], group, "cpu_s"))
            for name in names
        ]
        rows.append([group, *(f"{100 * cer:.2f} / {cpu:.2f}" for cer, cpu in found)])
    means = [mean(one["cer"] for one in results[name]["pictures"]) for name in names]
    rows.append(["mean", *(f"{100 * one:.3f}" for one in means)])
    rows.append(["load, CPU s", *(f"{results[name]['load_cpu_s']:.1f}" for name in names)])
    for figure in ("idle", "after_20_small", "peak_of_the_pictures", "peak"):
        held = (str(results[name]["memory_mb"].get(figure, "-")) for name in names)
        rows.append([f"memory, MB, {figure.replace('_', ' ')}", *held])
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    lines.insert(1, "-|-".join("-" * width for width in widths))
    return "\n".join(lines)


def groups(results: dict[str, dict[str, Any]]) -> list[str]:
    return list(
        dict.fromkeys(one["group"] for found in results.values() for one in found["pictures"])
    )


def group_mean(result: dict[str, Any], group: str, figure: str) -> float:
    return mean(one[figure] for one in result["pictures"] if one["group"] == group)


def verdicts(results: dict[str, dict[str, Any]]) -> list[str]:
    """What the default engine keeps of its targets, one sentence each."""
    tiny = results.get("paddleocr-tiny")
    if tiny is None:
        return []
    found = {
        "mean_cer": mean(one["cer"] for one in tiny["pictures"]),
        "chat_cpu_s": max(one["cpu_s"] for one in tiny["pictures"] if "chat" in one["group"]),
        "a4_cpu_s": max(one["cpu_s"] for one in tiny["pictures"] if "A4" in one["group"]),
        "memory_mb": tiny["memory_mb"]["peak"],
    }
    said = [
        f"{'kept' if found[name] <= most else 'MISSED'}: {name} {found[name]:.4g}, at most {most}"
        for name, most in TARGETS.items()
    ]
    if "tesseract" in results:
        worse = [
            group
            for group in groups(results)
            if group_mean(tiny, group, "cer") > group_mean(results["tesseract"], group, "cer")
        ]
        said.append(
            f"MISSED: worse than Tesseract on {', '.join(worse)}"
            if worse
            else "kept: on no group worse than Tesseract"
        )
    return said


if __name__ == "__main__":
    sys.exit(main())
